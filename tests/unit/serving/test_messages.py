"""Messages of workers are validated value by value."""

from __future__ import annotations

import math
import struct
from dataclasses import fields
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any

import orjson
import pytest

from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.page import RecognitionOptions
from web_image_ocr.images import ImageFormat, ImageLimits
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.serving import messages
from web_image_ocr.serving.messages import InvalidMessageError, Job, Ready, Start

CORNERS = [1.0, 2.0, 3.0, 2.0, 3.0, 4.0, 1.0, 4.0]
PAGE: list[Any] = [640, 480, [["Hello", 0.9, CORNERS]], {"detect": 0.5}]
INVALID: list[tuple[tuple[int, ...], tuple[Any, ...]]] = [
    ((0,), (0, -1, 2.0, True, None, "640", 10**7)),
    ((1,), (0, [480])),
    ((2,), (None, {}, "lines", [[]], [None], [["a", 1.0]])),
    ((2, 0, 0), (None, 5, ["a"], "x" * 100_001)),
    ((2, 0, 1), (1, -0.1, 1.5, math.nan, "1.0", True)),
    ((2, 0, 2), ([], [1.0] * 7, [1.0] * 9, None, [[1.0] * 2] * 4)),
    ((2, 0, 2, 3), (1, None, 1e7, -1e300, "1.0")),
    ((3,), (None, [], {"a": None}, {"a": 1}, {"a": -1.0}, {"": 1.0}, {"x" * 33: 1.0})),
    ((3,), ({"detect\r\nSet-Cookie: a": 1.0}, {f"s{'_' * n}": 1.0 for n in range(33)})),
]
"""Places in the page, with invalid values for each."""


def changed(*path: int, to: object) -> bytes:
    """Return a page with one value replaced."""
    page = orjson.loads(orjson.dumps(PAGE))
    place = page
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return orjson.dumps({"page": page})


def test_start_round_trips() -> None:
    config = EngineConfig(
        detection_model=Path("/a/b.onnx"),
        recognition_model=Path("c.onnx"),
        precision="int8",
        threads=3,
        max_detection_pixels=300_000,
        min_confidence=0.25,
        languages=("en", "fr"),
    )
    formats = frozenset({ImageFormat.PNG, ImageFormat.WEBP})
    limits = ImageLimits(min_side=1, max_side=2, max_pixels=3, formats=formats)
    for value, default in ((config, EngineConfig()), (limits, ImageLimits())):
        for field in fields(value):
            assert getattr(value, field.name) != getattr(default, field.name), field.name
    for start in (Start(config, limits, sandbox=False), Start(EngineConfig(), ImageLimits())):
        ours, theirs = Pipe()
        messages.send_start(ours, start)
        assert messages.receive_start(theirs) == start


@pytest.mark.parametrize("deadline", [Deadline.never(), Deadline(12345.678901234567)])
def test_a_job_round_trips(deadline: Deadline) -> None:
    job = Job(b"\0\xff image", RecognitionOptions(detect_direction=True), deadline, 2)
    ours, theirs = Pipe()
    messages.send_job(ours, job)
    assert messages.receive_job(theirs) == job


def test_ready_and_errors_round_trip() -> None:
    ours, theirs = Pipe()
    for ready in (Ready("1+2"), Ready("1+2", "no such call")):
        messages.send_ready(theirs, ready)
        assert messages.receive_from_worker(ours) == ready
    messages.send_answer(theirs, ServiceError(ErrorKind.IMAGE_SIZE, "x" * 9999))
    error = messages.receive_from_worker(ours)
    assert isinstance(error, ServiceError)
    assert error.kind is ErrorKind.IMAGE_SIZE
    assert error.detail == "x" * 500


def test_the_example_is_valid() -> None:
    messages.decode_from_worker(orjson.dumps({"page": PAGE}))


@pytest.mark.parametrize(
    "message",
    [
        *(b"", b"{", b"\x80\x04N.", b"[]", b"{}", b"null", b'"page"', b"[" * 2000, b"\xff"),
        *(
            b'{"page": []}',
            b'{"page": {}}',
            b'{"page": null}',
            b'{"ready": {}}',
            b'{"ready": [1, ""]}',
            b'{"error": []}',
        ),
        b'{"error": ["image_size"]}',
        b'{"error": [["image_size"], ""]}',
        b'{"error": ["login_failed", ""]}',
        b'{"error": ["no such kind", ""]}',
        b'{"error": ["image_size", 7]}',
        orjson.dumps({"error": ["image_size", "x" * 501]}),
        orjson.dumps({"page": PAGE, "more": 1}),
        orjson.dumps({"page": [*PAGE, 1]}),
        changed(2, 0, 2, 3, to=0.0).replace(b"0.0", b"1e999"),
        changed(2, 0, 2, 3, to=0.0).replace(b"0.0", b"NaN"),
        *(changed(*place, to=value) for place, values in INVALID for value in values),
    ],
)
def test_an_invalid_message_is_rejected(message: bytes) -> None:
    with pytest.raises(InvalidMessageError):
        messages.decode_from_worker(message)


def test_many_small_values_are_rejected_before_parsing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(orjson, "loads", lambda _message: pytest.fail("parsed"))
    message = b"[" + b"[]," * 1_000_000 + b"0]"
    assert len(message) < messages.MAX_ANSWER_BYTES
    with pytest.raises(InvalidMessageError, match="too many"):
        messages.decode_from_worker(message)


def test_a_message_that_is_too_long_is_rejected() -> None:
    ours, theirs = Pipe()
    _write(theirs, struct.pack("!i", messages.MAX_ANSWER_BYTES + 1) + b"begun")
    with pytest.raises(InvalidMessageError, match="too long"):
        messages.receive_from_worker(ours)


def test_a_truncated_message_is_an_end_of_file() -> None:
    ours, theirs = Pipe()
    _write(theirs, struct.pack("!i", 100) + b"begun")
    theirs.close()
    with pytest.raises(OSError, match="end of file"):
        messages.receive_from_worker(ours)


def _write(pipe: Connection, content: bytes) -> None:
    with open(pipe.fileno(), "wb", closefd=False) as file:
        file.write(content)
