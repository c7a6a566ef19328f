"""Worker processes and who gets which: the Recognizer of one machine.

Each worker is started by spawn (a fork would copy held locks) and has one pipe of its
own (a shared queue hangs when one of its users is killed). One worker more than jobs
are run at once stands by warm, so that a lost one is replaced without a gap.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

import structlog

from web_image_ocr.engine import EngineConfig
from web_image_ocr.engine.values import Page, RecognitionOptions
from web_image_ocr.images import ImageLimits
from web_image_ocr.primitives.cores import available_cores
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.serving.admission import Admission
from web_image_ocr.serving.config import ServingConfig
from web_image_ocr.serving.worker import Answer, Job, Ready, serve_jobs

log = structlog.stdlib.get_logger(__name__)

_START_LIMIT_S = 60.0
"""Loading the models takes about a second; a start beyond this has hung."""
_LATE_ANSWER_S = 1.0
"""A worker looks at the deadline between stages; one this late is taken as hung."""
_STOP_LIMIT_S = 2.0
_RESTART_PAUSE_S = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Waits before further starts while starts fail, so that a broken machine is not kept busy."""
_TRIES = 2
"""A job whose worker is lost is tried once more on another."""


class WorkerLostError(Exception):
    """The worker's process ended, or was ended, before it answered."""


class WorkerPool:
    """Reads pictures in processes of their own; ``async with`` starts and stops them."""

    def __init__(
        self, config: ServingConfig, engine_config: EngineConfig, limits: ImageLimits
    ) -> None:
        self._cores = available_cores()
        self._size = config.workers or self._cores
        self._engine_config = engine_config
        self._limits = limits
        self._admission = Admission(
            permits=self._size, max_waiting=config.max_waiting, max_wait_s=config.max_wait_s
        )
        self._idle: asyncio.Queue[_Worker] = asyncio.Queue()
        self._alive: set[_Worker] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    async def __aenter__(self) -> WorkerPool:
        """Start the workers; calls may come in at once and wait for the first of them."""
        for _ in range(self._size + 1):
            self._in_background(self._start_worker())
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop all workers; jobs still running are lost."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.stop() for worker in self._alive))
        self._alive.clear()

    def ready(self) -> bool:
        """Whether at least one worker has its models loaded."""
        return bool(self._alive)

    async def recognize(
        self, picture: bytes, options: RecognitionOptions, deadline: Deadline
    ) -> Page:
        """The text of one picture file; see ``Recognizer.recognize``."""
        async with self._admission.slot(deadline):
            for _ in range(_TRIES):
                worker = await self._idle_worker(deadline)
                cores = self._cores if self._admission.alone else 1
                try:
                    return await self._run(worker, Job(picture, options, deadline, cores))
                except WorkerLostError:
                    deadline.check()
                    log.warning("worker lost", pid=worker.pid)
        raise ServiceError(ErrorKind.ENGINE_UNAVAILABLE, f"{_TRIES} workers were lost on one job")

    async def _run(self, worker: _Worker, job: Job) -> Page:
        """The worker's answer; the worker is idle again or replaced when this ends.

        When the caller goes away the worker finishes in the background: cheaper than to
        start another, and bounded by the deadline.
        """
        answering = asyncio.ensure_future(worker.answer(job))
        try:
            answer = await asyncio.shield(answering)
        except asyncio.CancelledError:
            self._in_background(self._settle(worker, answering))
            raise
        except WorkerLostError:
            self._replace(worker)
            raise
        self._idle.put_nowait(worker)
        if isinstance(answer, ServiceError):
            raise answer
        return answer

    async def _settle(self, worker: _Worker, answering: asyncio.Future[Answer]) -> None:
        try:
            await answering
        except WorkerLostError:
            self._replace(worker)
        else:
            self._idle.put_nowait(worker)

    async def _idle_worker(self, deadline: Deadline) -> _Worker:
        remaining = deadline.remaining()
        try:
            return await asyncio.wait_for(
                self._idle.get(), None if remaining == float("inf") else remaining
            )
        except TimeoutError:
            raise ServiceError(
                ErrorKind.ENGINE_UNAVAILABLE, "no worker was ready before the deadline"
            ) from None

    def _replace(self, worker: _Worker) -> None:
        self._alive.discard(worker)
        if not self._closing:
            self._in_background(self._start_worker())

    async def _start_worker(self) -> None:
        """Put one more worker among the idle, however many tries that takes."""
        tries = 0
        while not self._closing:
            await asyncio.sleep(_RESTART_PAUSE_S[min(tries, len(_RESTART_PAUSE_S) - 1)])
            tries += 1
            worker = _Worker(self._engine_config, self._limits)
            try:
                await worker.start()
            except ServiceError as error:
                log.error("worker did not start", kind=error.kind, detail=error.detail)  # noqa: TRY400
            except WorkerLostError:
                log.error("worker did not start", kind="lost")  # noqa: TRY400
            except asyncio.CancelledError:
                await worker.stop()
                raise
            else:
                log.info("worker ready", pid=worker.pid)
                self._alive.add(worker)
                self._idle.put_nowait(worker)
                return

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class _Worker:
    """This side of one worker process; a thread waits on its pipe while it works."""

    def __init__(self, engine_config: EngineConfig, limits: ImageLimits) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe: Connection
        self._pipe, self._far_end = context.Pipe()
        self._process: BaseProcess = context.Process(
            target=serve_jobs,
            args=(self._far_end, engine_config, limits),
            name="web-image-ocr-worker",
            daemon=True,
        )
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="worker-pipe")

    @property
    def pid(self) -> int | None:
        """The process's number, once started."""
        return self._process.pid

    async def start(self) -> None:
        """Start the process and wait until its models are loaded.

        Raises:
            ServiceError: as the worker said it.
            WorkerLostError: it ended or hung instead.
        """
        first = await self._within(_START_LIMIT_S, self._start_and_receive)
        if not isinstance(first, Ready):
            await self.stop()
            raise first if isinstance(first, ServiceError) else WorkerLostError

    async def answer(self, job: Job) -> Answer:
        """What the worker makes of the job; at most one job at a time.

        Raises:
            WorkerLostError: it ended before, or was ended for being too late.
        """
        limit = job.deadline.remaining() + _LATE_ANSWER_S
        answer = await self._within(limit, partial(self._send_and_receive, job))
        assert isinstance(answer, Page | ServiceError)  # noqa: S101 - the protocol's second message
        return answer

    async def stop(self) -> None:
        """End the process: by closing its pipe, by force if that does not do."""
        await asyncio.to_thread(self._stop)

    async def _within(self, seconds: float, call: Callable[[], object]) -> object:
        waiting = asyncio.get_running_loop().run_in_executor(self._thread, call)
        try:
            return await asyncio.wait_for(
                asyncio.shield(waiting), None if seconds == float("inf") else seconds
            )
        except TimeoutError:
            self._process.kill()
            with contextlib.suppress(WorkerLostError):
                return await waiting  # it may have answered at the last moment
            raise WorkerLostError from None

    def _start_and_receive(self) -> object:
        self._process.start()
        self._far_end.close()  # so that the end of the process is seen as the end of the pipe
        return self._receive()

    def _send_and_receive(self, job: Job) -> object:
        try:
            self._pipe.send(job)
        except OSError:
            raise WorkerLostError from None
        return self._receive()

    def _receive(self) -> object:
        try:
            return self._pipe.recv()
        except (EOFError, OSError):
            raise WorkerLostError from None

    def _stop(self) -> None:
        self._pipe.close()
        if self._process.pid is not None:
            self._process.join(_STOP_LIMIT_S)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
        self._thread.shutdown(wait=False)
