"""How many pictures are read at once, when a call is refused, what is kept of answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingConfig:
    """Worker processes, admission and the result cache.

    Attributes:
        workers: images read at the same time, each in its own process; 0 means as many as the
            cores this process may use, fewer where the memory limit does not hold them.
        spare_workers: further processes that stand by with their models loaded, 0 or more. With
            0, calls wait for some seconds, or fail at their deadline, while a worker that was
            lost or has grown is replaced; it saves the memory of a worker.
        max_waiting_per_worker: calls that may wait for each worker, 0 or more; beyond them a
            call is refused at once. With 3, a call that is let in is answered after the time of
            some four jobs at most, so that overload makes no answer more than about four
            times as slow.
        sandbox: have the kernel refuse a worker that has its models loaded all system calls but
            those that it computes with: it opens no file and no socket and starts no program. On
            Linux on x86_64 and aarch64; where it cannot be done, the log says so.
        worker_memory_bytes: resident memory of a worker, bytes, 0 or more, beyond which it is
            replaced after its answer; beyond twice as much it is ended while it reads, and its
            picture is tried once more on another. 0 lets workers grow. Seen on Linux only.
        cache_bytes: memory for answers, bytes, 0 or more, to be given again when the same
            project sends the same bytes with the same options; the least recently used goes
            first. 0 keeps none. With a cache, such calls at the same time are read once. The
            texts stay in the server's memory until it stops, never on disk.
    """

    workers: int = 0
    spare_workers: int = 1
    max_waiting_per_worker: int = 3
    sandbox: bool = True
    worker_memory_bytes: int = 1024**3
    cache_bytes: int = 0

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        if self.workers < 0:
            raise ValueError("serving.workers must be 0 or more")
        if self.spare_workers < 0:
            raise ValueError("serving.spare_workers must be 0 or more")
        if self.max_waiting_per_worker < 0:
            raise ValueError("serving.max_waiting_per_worker must be 0 or more")
        if self.worker_memory_bytes < 0:
            raise ValueError("serving.worker_memory_bytes must be 0 or more")
        if self.cache_bytes < 0:
            raise ValueError("serving.cache_bytes must be 0 or more")
