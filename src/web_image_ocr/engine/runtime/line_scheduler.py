"""Lines of one picture read side by side: one thread each costs less than all threads on each."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

# What a thread gets done of a line that all threads read together, for one that reads alone. Of
# lines 96 / 320 / 960 pixels long, two threads reach .73 / .84 / .92 (Zen 4, ONNX Runtime 1.32).
INTRA_OP_EFFICIENCY = 0.85

Work = TypeVar("Work")
Result = TypeVar("Result")


class LineScheduler:
    """Threads for the work of a call; calls of several threads share them.

    Args:
        threads: how many work at once, at least 1.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads, "read") if threads > 1 else None

    def map(
        self,
        works: Sequence[Work],
        sizes: Sequence[float],
        intra_op: Callable[[Work], Result],
        inter_op: Callable[[Work], Result],
    ) -> list[Result]:
        """The result of each piece of work, in its order.

        Args:
            works: what is to be done.
            sizes: how long each piece takes, in any unit.
            intra_op: does one with all threads.
            inter_op: does one on the thread that calls it; safe to call from several.

        Raises:
            Exception: the first that a piece of work raised; none is begun after it.
        """
        if self._pool is None:
            return [intra_op(work) for work in works]
        longest_first = sorted(range(len(works)), key=lambda index: -sizes[index])
        first = count_intra_op([sizes[index] for index in longest_first], self.threads)
        results = {index: intra_op(works[index]) for index in longest_first[:first]}
        futures = {
            index: self._pool.submit(inter_op, works[index]) for index in longest_first[first:]
        }
        wait(futures.values(), return_when=FIRST_EXCEPTION)
        for future in futures.values():
            future.cancel()
        wait(futures.values())
        results |= {index: futures[index].result() for index in longest_first[first:]}
        return [results[index] for index in range(len(works))]


def count_intra_op(sizes: Sequence[float], threads: int) -> int:
    """How many of the longest are best done by all threads together, before the rest is shared.

    Args:
        sizes: of the pieces, the longest first.
        threads: at least 2.
    """
    choices = range(min(len(sizes), 2 * threads - 1) + 1)
    return min(choices, key=lambda first: _time(sizes, threads, first))


def _time(sizes: Sequence[float], threads: int, first: int) -> float:
    """The time until all is done when each thread that is free takes the longest that is left."""
    free = [0.0] * threads
    for size in sizes[first:]:
        heapq.heapreplace(free, free[0] + size)
    return sum(sizes[:first]) / (threads * INTRA_OP_EFFICIENCY) + max(free)
