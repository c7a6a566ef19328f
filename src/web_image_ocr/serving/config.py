"""How many pictures are read at once, when a call is refused, what is kept of answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingConfig:
    """Worker processes, admission and the result cache.

    Attributes:
        workers: pictures read at the same time, each in a process of its own; 0 means as
            many as the cores this process may use. One more process stands by, warm.
        max_waiting: calls that may always wait for a worker, 0 or more; beyond them a call
            is refused when its expected wait is above ``max_wait_s``.
        max_wait_s: seconds, above 0; see ``max_waiting``.
        cache_bytes: memory for answers, bytes, 0 or more, to be given again when the same
            project sends the same bytes with the same options; the least recently used goes
            first. 0 keeps none. With a cache, such calls at the same time are read once. The
            texts stay in the server's memory until it stops, never on disk.
    """

    workers: int = 0
    max_waiting: int = 16
    max_wait_s: float = 2.0
    cache_bytes: int = 0

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        if self.workers < 0:
            raise ValueError("serving.workers must be 0 or more")
        if self.max_waiting < 0:
            raise ValueError("serving.max_waiting must be 0 or more")
        if self.max_wait_s <= 0:
            raise ValueError("serving.max_wait_s must be above 0")
        if self.cache_bytes < 0:
            raise ValueError("serving.cache_bytes must be 0 or more")
