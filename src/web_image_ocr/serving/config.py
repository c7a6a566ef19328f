"""Configure worker processes, admission and the result cache."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingConfig:
    """Configure worker processes, admission and the result cache.

    Attributes:
        workers: images recognized at the same time, each in its own process. 0 means one for
            each core this process may use, or fewer if the memory limit is too low.
        spare_workers: additional processes that stand by with their models loaded, 0 or more.
            Each takes the memory of a worker. With 0, calls wait some seconds, or fail at
            their deadline, while a worker is replaced.
        max_waiting_per_worker: calls that may wait for each worker, 0 or more; further calls
            are rejected at once. With 3, an admitted call takes at most about four times as
            long as without load.
        sandbox: filter the system calls of workers with seccomp once their models are loaded.
            They can then compute, but not open files or sockets or start programs. Linux on
            x86_64 and aarch64; the log warns if it is not available.
        worker_memory_bytes: resident memory of a worker, bytes, 0 or more. A worker above it
            is replaced after its answer. Above twice as much it is killed at once, and its
            image is tried once more on another worker. 0 means no limit. Linux only.
        cache_bytes: memory for cached results, bytes, 0 or more; 0 disables the cache. A
            result is returned again when the same project sends the same bytes with the same
            options; the least recently used entry is evicted first. Identical calls at the
            same time share one run. Results stay in memory until the server stops and are
            never written to disk.
    """

    workers: int = 0
    spare_workers: int = 1
    max_waiting_per_worker: int = 3
    sandbox: bool = True
    worker_memory_bytes: int = 1024**3
    cache_bytes: int = 0

    def __post_init__(self) -> None:
        """Reject negative values."""
        for field in fields(self):
            if getattr(self, field.name) < 0:
                raise ValueError(f"serving.{field.name} must be 0 or more")
