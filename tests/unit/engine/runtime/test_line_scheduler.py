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
    raise AssertionError(f"{value} should be done the other way")


@given(st.lists(st.integers(1, 100)), st.integers(1, 4))
def test_results_are_in_the_order_of_the_works(works: list[int], threads: int) -> None:
    results = LineScheduler(threads).map(works, works, doubled, doubled)
    assert results == [doubled(work) for work in works]


def test_one_thread_does_all_itself() -> None:
    assert LineScheduler(1).map([1, 2], [1.0, 2.0], doubled, never) == [2, 4]


def test_a_lone_work_is_done_by_all_threads_together() -> None:
    assert LineScheduler(2).map([1], [1.0], doubled, never) == [2]


def test_equal_works_are_done_side_by_side() -> None:
    met = threading.Barrier(2, timeout=10)

    def meet(work: int) -> int:
        met.wait()
        return work

    assert LineScheduler(2).map([1, 2], [1.0, 1.0], never, meet) == [1, 2]


@pytest.mark.parametrize(
    ("sizes", "together"),
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
def test_what_would_keep_one_thread_busy_alone_is_done_together(
    sizes: list[float], together: int
) -> None:
    assert count_intra_op(sizes, 2) == together


def test_what_a_work_raises_is_raised_and_no_more_is_begun() -> None:
    begun = []

    def fail_first(work: int) -> int:
        begun.append(work)
        if len(begun) == 1:
            raise ValueError("the first")
        time.sleep(0.05)
        return work

    with pytest.raises(ValueError, match="the first"):
        LineScheduler(2).map(range(100), [1.0] * 100, never, fail_first)
    assert len(begun) < 50
