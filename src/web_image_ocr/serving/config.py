"""How many pictures are read at once, and when a call is refused."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingConfig:
    """Worker processes and admission.

    Attributes:
        workers: pictures read at the same time, each in a process of its own; 0 means as
            many as the cores this process may use. One more process stands by, warm.
        max_waiting_per_worker: calls that may wait for each worker, 0 or more; beyond them a
            call is refused at once. With 3, a call that is let in is answered after the time of
            some four jobs at most, so that overload makes no answer more than about four
            times as slow.
    """

    workers: int = 0
    max_waiting_per_worker: int = 3

    def __post_init__(self) -> None:
        """Refuse values that make no sense."""
        if self.workers < 0:
            raise ValueError("serving.workers must be 0 or more")
        if self.max_waiting_per_worker < 0:
            raise ValueError("serving.max_waiting_per_worker must be 0 or more")
