"""Pages round-trip bit for bit; everything else than a valid message is rejected."""

from __future__ import annotations

import contextlib
import struct

import orjson
from hypothesis import given
from hypothesis import strategies as st

from web_image_ocr.engine.page import Page, TextLine
from web_image_ocr.serving import messages
from web_image_ocr.serving.messages import InvalidMessageError

COORDINATES = st.floats(-(10**6), 10**6)
POINTS = st.tuples(COORDINATES, COORDINATES)
LINES = st.builds(
    TextLine,
    text=st.text(),
    confidence=st.floats(0, 1),
    quad=st.tuples(POINTS, POINTS, POINTS, POINTS),
)
STAGES = st.sampled_from(["decode", "detect", "align", "read", "order"])
PAGES = st.builds(
    Page,
    width=st.integers(1, 30_000),
    height=st.integers(1, 30_000),
    lines=st.lists(LINES).map(tuple),
    timings=st.dictionaries(STAGES, st.floats(0, 1e6)),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def bits(page: Page) -> list[bytes]:
    """Return the bits of all numbers: 0.0 equals -0.0."""
    numbers = [(x.confidence, *(c for at in x.quad for c in at)) for x in page.lines]
    return [struct.pack("<9d", *line) for line in numbers]


@given(PAGES)
def test_a_page_round_trips_bit_for_bit(page: Page) -> None:
    arrived = messages.decode_from_worker(messages.encode_answer(page))
    assert isinstance(arrived, Page)
    assert arrived == page
    assert bits(arrived) == bits(page)
    assert list(arrived.timings) == list(page.timings)


@given(st.binary())
def test_bytes_are_a_message_or_rejected(message: bytes) -> None:
    with contextlib.suppress(InvalidMessageError):
        messages.decode_from_worker(message)


@given(JSON, st.sampled_from(["page", "error", "ready", None]))
def test_json_is_a_message_or_rejected(value: object, name: str | None) -> None:
    content = value if name is None else {name: value}
    try:
        message = orjson.dumps(content)
    except TypeError:  # not representable in JSON
        return
    with contextlib.suppress(InvalidMessageError):
        messages.decode_from_worker(message)


@given(PAGES, st.data())
def test_a_page_with_one_byte_changed_is_a_message_or_rejected(
    page: Page, data: st.DataObject
) -> None:
    message = bytearray(messages.encode_answer(page))
    message[data.draw(st.integers(0, len(message) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InvalidMessageError):
        messages.decode_from_worker(bytes(message))
