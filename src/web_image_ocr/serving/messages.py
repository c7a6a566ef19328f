"""Encode and decode messages between server and worker: JSON of a fixed shape, images as bytes.

Workers decode untrusted images, so the server validates every value they send and never unpickles:
a worker that an attacker controls can only answer wrongly.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

import orjson

from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.page import Page, RecognitionOptions, TextLine
from web_image_ocr.images.config import ImageLimits
from web_image_ocr.images.formats import ImageFormat
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

MAX_ANSWER_BYTES = 16 << 20
"""Limit on a message of a worker. A line of text takes about 150 bytes."""
_MAX_VALUES = 1_000_000
"""Limit on commas and brackets in a message. A line has 13; parsing may take 60 bytes for each."""
_MAX_TEXT = 100_000
"""Limit on the characters of a line."""
_MAX_DETAIL = 500
"""Limit on the characters of an error's detail, which is logged."""
_MAX_CONFIDENCE = 1.001
"""A product of float32 probabilities may round to above 1."""
_MAX_PIXELS = 1_000_000
"""Limit on sides and coordinates, far above every limit on images."""
_STAGE = re.compile(r"[a-z_]{1,32}")
"""Stage names are sent in the ``Server-Timing`` header."""
_MAX_STAGES = 32
_KINDS = frozenset(
    {
        ErrorKind.FORMAT_UNSUPPORTED,
        ErrorKind.IMAGE_SIZE,
        ErrorKind.RECOGNITION_FAILED,
        ErrorKind.DEADLINE_EXCEEDED,
        ErrorKind.MODEL_UNAVAILABLE,
        ErrorKind.CONFIGURATION_INVALID,
    }
)
"""Errors that decoding, recognition and loading models may raise."""

_Type = TypeVar("_Type")


class InvalidMessageError(Exception):
    """Report that a worker sent an invalid message."""


@dataclass(frozen=True, slots=True)
class Start:
    """Represent the server's first message.

    Attributes:
        engine_config: configuration of the engine.
        limits: limits on image files.
        sandbox: whether to filter the worker's system calls.
    """

    engine_config: EngineConfig
    limits: ImageLimits
    sandbox: bool = True


@dataclass(frozen=True, slots=True)
class Ready:
    """Represent a worker's first message: its models are loaded.

    Attributes:
        code: fingerprint of the code that the worker imported.
        unconfined: why its system calls are not filtered; empty if they are.
    """

    code: str
    unconfined: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """Represent one image to recognize.

    Attributes:
        image: the file's bytes.
        options: what the caller asked for.
        deadline: when the caller stops waiting.
        cores: number of cores the job may use, 1 or more.
    """

    image: bytes
    options: RecognitionOptions
    deadline: Deadline
    cores: int


Answer = Page | ServiceError
"""Answer of a worker to a job."""


def send_start(pipe: Connection, start: Start) -> None:
    """Send the server's first message."""
    message = {"engine": start.engine_config, "limits": start.limits, "sandbox": start.sandbox}
    pipe.send_bytes(orjson.dumps(message, default=_plain))


def receive_start(pipe: Connection) -> Start:
    """Return the server's first message."""
    message = orjson.loads(pipe.recv_bytes())
    engine, limits = message["engine"], message["limits"]
    for name in ("detection_model", "recognition_model"):
        engine[name] = Path(engine[name]) if engine[name] is not None else None
    engine["languages"] = tuple(engine["languages"])
    limits["formats"] = frozenset(map(ImageFormat, limits["formats"]))
    return Start(EngineConfig(**engine), ImageLimits(**limits), sandbox=message["sandbox"])


def send_job(pipe: Connection, job: Job) -> None:
    """Send a job: a header, then the image."""
    at = job.deadline.at
    header = {
        "options": job.options,
        "deadline": None if math.isinf(at) else at,
        "cores": job.cores,
    }
    pipe.send_bytes(orjson.dumps(header))
    pipe.send_bytes(job.image)


def receive_job(pipe: Connection) -> Job:
    """Return the next job."""
    header = orjson.loads(pipe.recv_bytes())
    at = header["deadline"]
    return Job(
        image=pipe.recv_bytes(),
        options=RecognitionOptions(**header["options"]),
        deadline=Deadline.never() if at is None else Deadline(at),
        cores=header["cores"],
    )


def send_ready(pipe: Connection, ready: Ready) -> None:
    """Send a worker's first message."""
    pipe.send_bytes(orjson.dumps({"ready": [ready.code, ready.unconfined]}))


def send_answer(pipe: Connection, answer: Answer) -> None:
    """Send the answer to a job, or the error that keeps the worker from starting."""
    pipe.send_bytes(encode_answer(answer))


def receive_from_worker(pipe: Connection) -> Ready | Answer:
    """Return the next message of a worker.

    Raises:
        InvalidMessageError: the message is too long or invalid.
        EOFError: the worker has closed the pipe.
        OSError: the pipe cannot be read.
    """
    try:
        message = pipe.recv_bytes(MAX_ANSWER_BYTES)
    except OSError:
        if not pipe.readable:  # `recv_bytes` closes the pipe if a message is too long
            raise InvalidMessageError("too long") from None
        raise
    return decode_from_worker(message)


def encode_answer(answer: Answer) -> bytes:
    """Return the message that holds an answer."""
    if isinstance(answer, ServiceError):
        return orjson.dumps({"error": [answer.kind, answer.detail[:_MAX_DETAIL]]})
    message = {
        "page": [
            answer.width,
            answer.height,
            [
                [line.text, float(line.confidence), [float(x) for at in line.quad for x in at]]
                for line in answer.lines
            ],
            {stage: float(seconds) for stage, seconds in answer.timings.items()},
        ]
    }
    return orjson.dumps(message)


def decode_from_worker(message: bytes) -> Ready | Answer:
    """Return the validated content of a worker's message.

    Raises:
        InvalidMessageError: the message is invalid.
    """
    if sum(map(message.count, (b",", b"[", b"{"))) > _MAX_VALUES:
        raise InvalidMessageError("too many values")
    try:
        content = orjson.loads(message)
    except orjson.JSONDecodeError:
        raise InvalidMessageError("not JSON") from None
    match content:
        case {"page": list(page), **others} if not others:
            return _page(page)
        case {"error": list(error), **others} if not others:
            return _error(error)
        case {"ready": list(ready), **others} if not others:
            return _ready(ready)
    raise InvalidMessageError("neither a page, an error nor ready")


def _page(values: list[Any]) -> Page:
    width, height, lines, timings = _items(values, 4)
    stages = _expect(dict, timings)
    if len(stages) > _MAX_STAGES or not all(map(_STAGE.fullmatch, stages)):
        raise InvalidMessageError("too many stages, or a stage with an invalid name")
    return Page(
        width=_side(width),
        height=_side(height),
        lines=tuple(map(_line, _expect(list, lines))),
        timings={name: _number(x, 0.0, math.inf) for name, x in stages.items()},
    )


def _line(value: object) -> TextLine:
    text, confidence, corners = _items(value, 3)
    x0, y0, x1, y1, x2, y2, x3, y3 = (
        _number(x, -_MAX_PIXELS, _MAX_PIXELS) for x in _items(corners, 8)
    )
    return TextLine(
        text=_text(text, _MAX_TEXT),
        confidence=_number(confidence, 0.0, _MAX_CONFIDENCE),
        quad=((x0, y0), (x1, y1), (x2, y2), (x3, y3)),
    )


def _ready(values: list[Any]) -> Ready:
    code, unconfined = _items(values, 2)
    return Ready(_text(code, _MAX_DETAIL), _text(unconfined, _MAX_DETAIL))


def _error(values: list[Any]) -> ServiceError:
    kind, detail = _items(values, 2)
    if _expect(str, kind) not in _KINDS:
        raise InvalidMessageError("an error that workers do not raise")
    return ServiceError(ErrorKind(kind), _text(detail, _MAX_DETAIL))


def _side(value: object) -> int:
    side = _expect(int, value)
    if not 1 <= side <= _MAX_PIXELS:
        raise InvalidMessageError("a side is out of range")
    return side


def _text(value: object, max_length: int) -> str:
    text = _expect(str, value)
    if len(text) > max_length:
        raise InvalidMessageError("a text is too long")
    return text


def _number(value: object, low: float, high: float) -> float:
    number = _expect(float, value)
    if not (math.isfinite(number) and low <= number <= high):
        raise InvalidMessageError("a number is out of range")
    return number


def _items(value: object, count: int) -> list[Any]:
    items = _expect(list, value)
    if len(items) != count:
        raise InvalidMessageError("a list has the wrong length")
    return items


def _expect(kind: type[_Type], value: object) -> _Type:
    if type(value) is not kind:  # a bool is not an int here
        raise InvalidMessageError("a value has the wrong type")
    return value


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(type(value).__name__)
