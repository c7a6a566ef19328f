from __future__ import annotations

import gc
import hashlib
import tracemalloc
from dataclasses import replace

import pytest

from tests.support.fake_recognizer import FAKE_PAGE
from web_image_ocr.engine.page import Page, RecognitionOptions, TextLine
from web_image_ocr.serving.page_lru import PageKey, PageLRU

PAGE = replace(FAKE_PAGE, timings={})


def key(name: object, project: str = "0" * 32, *, direction: bool = False) -> PageKey:
    options = RecognitionOptions(detect_direction=direction)
    return PageKey(project, hashlib.sha256(str(name).encode()).digest(), options)


def size_of_one() -> int:
    pages = PageLRU(10**6)
    pages.put(key("any"), PAGE)
    return pages.size


def test_a_page_is_returned_unchanged_without_its_timings() -> None:
    pages = PageLRU(10**6)
    assert pages.get(key("a")) is None
    pages.put(key("a"), FAKE_PAGE)
    assert FAKE_PAGE.timings
    assert pages.get(key("a")) == PAGE


def test_any_difference_in_the_key_is_a_miss() -> None:
    pages = PageLRU(10**6)
    pages.put(key("a"), PAGE)
    for other in (key("b"), key("a", "1" * 32), key("a", direction=True)):
        assert pages.get(other) is None


def test_the_least_recently_used_is_evicted_first() -> None:
    pages = PageLRU(2 * size_of_one())
    pages.put(key("a"), PAGE)
    pages.put(key("b"), PAGE)
    pages.get(key("a"))
    pages.put(key("c"), PAGE)
    assert [pages.get(key(name)) is not None for name in "abc"] == [True, False, True]


def test_a_page_stored_twice_counts_once() -> None:
    pages = PageLRU(10**6)
    pages.put(key("a"), PAGE)
    pages.put(key("a"), PAGE)
    assert pages.size == size_of_one()


def test_a_page_larger_than_the_limit_is_not_stored_and_evicts_nothing() -> None:
    pages = PageLRU(size_of_one())
    pages.put(key("a"), PAGE)
    larger = replace(PAGE, lines=(replace(PAGE.lines[0], text="x" * 1000),))
    pages.put(key("b"), larger)
    assert pages.get(key("b")) is None
    assert pages.get(key("a")) == PAGE
    pages.put(key("a"), larger)
    assert pages.get(key("a")) is None, "the previous page is outdated"


def test_clearing_removes_all_pages() -> None:
    pages = PageLRU(10**6)
    pages.put(key("a"), PAGE)
    pages.clear()
    assert pages.get(key("a")) is None
    assert pages.size == 0


@pytest.mark.slow
def test_the_accounted_bytes_cover_the_allocated_bytes() -> None:
    bound = 2_000_000
    pages = PageLRU(bound)
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(8000):
            project = f"{number:032x}"
            pages.put(key(number, project), _page(number))
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.9 * bound < pages.size <= bound, "it is full"
    assert 0.6 * pages.size < taken <= pages.size


def _page(number: int) -> Page:
    quad = ((1.0 * number, 2.0), (3.5, 2.0), (3.5, 4.0), (1.0, 4.0))
    line = TextLine(text=f"line {number}", confidence=0.5, quad=quad)
    return Page(width=640, height=480, lines=(line,) * (number % 3))
