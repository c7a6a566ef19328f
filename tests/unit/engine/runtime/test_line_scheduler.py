from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web_image_ocr.engine.runtime.line_scheduler import LineScheduler, count_intra_op


def doubled(value: int) -> int:
    return 2 * value


def never(value: int) -> int:
    raise AssertionError(f"{value} should run the other way")


@given(st.lists(st.integers(1, 100)), st.integers(1, 4))
def test_results_are_in_the_order_of_the_tasks(tasks: list[int], threads: int) -> None:
    results = LineScheduler(threads).map(tasks, tasks, doubled, doubled)
    assert results == [doubled(task) for task in tasks]


def test_one_thread_runs_all_tasks() -> None:
    assert LineScheduler(1).map([1, 2], [1.0, 2.0], doubled, never) == [2, 4]


def test_a_single_task_uses_intra_op_threads() -> None:
    assert LineScheduler(2).map([1], [1.0], doubled, never) == [2]


def test_equal_tasks_run_in_parallel() -> None:
    met = threading.Barrier(2, timeout=10)

    def meet(task: int) -> int:
        met.wait()
        return task

    assert LineScheduler(2).map([1, 2], [1.0, 1.0], never, meet) == [1, 2]


@pytest.mark.parametrize(
    ("costs", "expected"),
    [
        ([], 0),
        ([1.0], 1),
        ([1.0, 1.0], 0),
        ([1.0, 1.0, 1.0], 1),
        ([10.0, 1.0, 1.0], 1),
        ([2.0, 1.0, 1.0], 0),
        ([1.0] * 100, 0),
    ],
)
def test_tasks_that_would_occupy_a_single_thread_use_intra_op_threads(
    costs: list[float], expected: int
) -> None:
    assert count_intra_op(costs, 2) == expected


def test_the_first_exception_is_raised_and_no_further_task_starts() -> None:
    started = []

    def fail_first(task: int) -> int:
        started.append(task)
        if len(started) == 1:
            raise ValueError("the first")
        time.sleep(0.05)
        return task

    with pytest.raises(ValueError, match="the first"):
        LineScheduler(2).map(range(100), [1.0] * 100, never, fail_first)
    assert len(started) < 50
