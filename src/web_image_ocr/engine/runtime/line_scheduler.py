"""Run the longest lines of an image with intra-op threads and the rest in parallel.

One thread per line is cheaper, but a long line could keep one thread busy after all others.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import TypeVar

INTRA_OP_EFFICIENCY = 0.85  # speed-up of a run with n threads / n; see the engine notes

Task = TypeVar("Task")
Result = TypeVar("Result")


class LineScheduler:
    """Run the tasks of a call on a thread pool; concurrent calls share the threads.

    Args:
        threads: size of the pool, at least 1.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self._pool = ThreadPoolExecutor(threads, "recognize") if threads > 1 else None

    def map(
        self,
        tasks: Sequence[Task],
        costs: Sequence[float],
        intra_op: Callable[[Task], Result],
        inter_op: Callable[[Task], Result],
    ) -> list[Result]:
        """Return the result of each task, in the order of the tasks.

        Args:
            tasks: inputs of the functions below.
            costs: relative time of each task.
            intra_op: runs one task with all threads.
            inter_op: runs one task on the calling thread; called from several at once.

        Raises:
            Exception: the first that a task raised; no further task starts.
        """
        if self._pool is None:
            return [intra_op(task) for task in tasks]
        longest_first = sorted(range(len(tasks)), key=lambda index: -costs[index])
        count = count_intra_op([costs[index] for index in longest_first], self.threads)
        results = {index: intra_op(tasks[index]) for index in longest_first[:count]}
        futures = {
            index: self._pool.submit(inter_op, tasks[index]) for index in longest_first[count:]
        }
        wait(futures.values(), return_when=FIRST_EXCEPTION)
        for future in futures.values():
            future.cancel()
        wait(futures.values())
        results |= {index: futures[index].result() for index in longest_first[count:]}
        return [results[index] for index in range(len(tasks))]


def count_intra_op(costs: Sequence[float], threads: int) -> int:
    """Return how many of the longest tasks to run with all threads, before the rest in parallel.

    Args:
        costs: of the tasks, in descending order.
        threads: at least 2.
    """
    choices = range(min(len(costs), 2 * threads - 1) + 1)
    return min(choices, key=lambda count: _makespan(costs, threads, count))


def _makespan(costs: Sequence[float], threads: int, count: int) -> float:
    """Return the total time with ``count`` intra-op tasks and the rest scheduled longest first."""
    busy_until = [0.0] * threads
    for cost in costs[count:]:
        heapq.heapreplace(busy_until, busy_until[0] + cost)
    return sum(costs[:count]) / (threads * INTRA_OP_EFFICIENCY) + max(busy_until)
