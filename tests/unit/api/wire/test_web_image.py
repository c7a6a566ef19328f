from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from web_image_ocr.api.wire.web_image import WebImageAnswer, encode_page
from web_image_ocr.engine.page import Page, TextLine

points = st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
lines = st.builds(
    TextLine,
    text=st.text(min_size=1).filter(lambda text: text.isprintable()),
    confidence=st.floats(-1, 2),
    quad=st.tuples(points, points, points, points),
)
pages = st.builds(
    Page,
    width=st.integers(1, 30_000),
    height=st.integers(1, 30_000),
    lines=st.lists(lines, max_size=3).map(tuple),
)


@given(pages)
def test_every_page_becomes_a_valid_answer(page: Page) -> None:
    body = encode_page(page, ["image_size"])
    result = WebImageAnswer.model_validate(body).result
    assert result.words_block_count == len(result.words_block_list) == len(page.lines)
    for block in result.words_block_list:
        assert round(block.confidence, 4) == block.confidence
        for x, y in block.location:
            assert 0 <= x < page.width
            assert 0 <= y < page.height
    size = result.extracted_data.image_size
    assert size
    assert (size.width, size.height) == (page.width, page.height)


@given(points)
def test_a_point_inside_moves_by_half_a_pixel_at_most(point: tuple[float, float]) -> None:
    x, y = (abs(math.fmod(value, 999)) for value in point)
    line = TextLine(text="a", confidence=1, quad=((x, y),) * 4)
    body = encode_page(Page(width=1000, height=1000, lines=(line,)))
    (block,) = WebImageAnswer.model_validate(body).result.words_block_list
    found_x, found_y = block.location[0]
    assert abs(found_x - x) <= 0.5
    assert abs(found_y - y) <= 0.5


def test_no_extracted_data_by_default() -> None:
    page = Page(width=20, height=30, lines=())
    for extract in ((), ("contact_info",)):
        body = encode_page(page, extract)
        assert body == {
            "result": {"words_block_count": 0, "words_block_list": [], "extracted_data": {}}
        }
