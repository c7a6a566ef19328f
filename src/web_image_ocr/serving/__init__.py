"""Run recognition in worker processes: admission, worker pool, result cache.

`pool.WorkerPool` has a supervisor for each slot, which starts a `process.WorkerProcess`. That one
calls `launch.start_worker`, whose new process runs `worker_main.main` and then
`worker.serve_jobs`. Server and worker exchange `messages` over a pipe.
"""
