"""The limit in bytes holds after any sequence of operations."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web_image_ocr.engine.page import Page, RecognitionOptions, TextLine
from web_image_ocr.serving.page_lru import PageKey, PageLRU

LINES = st.builds(
    TextLine,
    text=st.text(min_size=1, max_size=400),
    confidence=st.floats(0.0, 1.0),
    quad=st.tuples(*[st.tuples(st.floats(-1.0, 9e3), st.floats(-1.0, 9e3))] * 4),
)
PAGES = st.builds(
    Page,
    width=st.integers(15, 30_000),
    height=st.integers(15, 30_000),
    lines=st.lists(LINES, max_size=6).map(tuple),
    timings=st.just({"read": 1.0}),
)
KEYS = st.builds(
    PageKey,
    project_id=st.sampled_from(["a", "b" * 32, "c" * 2000]),
    digest=st.sampled_from([bytes([number]) * 32 for number in range(4)]),
    options=st.builds(RecognitionOptions, detect_direction=st.booleans()),
)
STEPS = st.lists(st.tuples(KEYS, st.one_of(st.none(), PAGES)), max_size=40)
"""Each a key, with a page to store or None to look it up."""


@pytest.mark.slow
@given(st.integers(0, 6_000), STEPS)
def test_the_limit_holds_and_hits_are_correct(
    limit: int, steps: list[tuple[PageKey, Page | None]]
) -> None:
    pages = PageLRU(limit)
    last: dict[PageKey, Page] = {}
    for key, page in steps:
        if page is None:
            found = pages.get(key)
            assert found is None or (found.lines, found.width) == (last[key].lines, last[key].width)
        else:
            last[key] = page
            pages.put(key, page)
        assert pages.size <= limit
        held = [pages.get(key) for key in last]
        text = sum(len(line.text.encode()) for page in held if page for line in page.lines)
        assert text <= pages.size
