"""Encode and decode messages between server and worker: JSON of a fixed shape, images as bytes.

A worker decodes images of strangers. What it sends is therefore checked value by value, and
never unpickled: a worker that an attacker controls can answer wrongly, no more.
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

MOST_ANSWER_BYTES = 16 << 20
"""Of one message of a worker. A line of text takes some 150 bytes."""
_MOST_VALUES = 1_000_000
"""Commas and brackets in a message of a worker. A line has 13; each may cost 60 bytes here."""
_MOST_TEXT = 100_000
"""Characters of a line."""
_MOST_DETAIL = 500
"""Characters of an error's detail, which goes to the log."""
_MOST_CONFIDENCE = 1.001
"""A product of probabilities of 32 bits may round to above 1."""
_MOST_PIXELS = 1_000_000
"""Of a side and of a coordinate, far above every limit on images."""
_STAGE = re.compile(r"[a-z_]{1,32}")
"""Names of stages: they go into the header ``Server-Timing``."""
_MOST_STAGES = 32
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
"""What decoding, recognition and loading the models may raise."""

_Kind = TypeVar("_Kind")


class InvalidMessageError(Exception):
    """Report that a worker sent what is not a message of a worker."""


@dataclass(frozen=True, slots=True)
class Start:
    """Represent the server's first message.

    Attributes:
        engine_config: what the engine is built with.
        limits: on the images that are decoded.
        sandbox: filter the worker's system calls.
    """

    engine_config: EngineConfig
    limits: ImageLimits
    sandbox: bool = True


@dataclass(frozen=True, slots=True)
class Ready:
    """Represent a worker's first message: its models are loaded.

    Attributes:
        code: fingerprint of the code that it runs.
        unconfined: why its system calls are not filtered; empty if they are.
    """

    code: str
    unconfined: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """Describe one image to read.

    Attributes:
        image: the file's bytes.
        options: what the caller asked for.
        deadline: when the answer is of no more use.
        cores: how many cores the job may use, 1 or more.
    """

    image: bytes
    options: RecognitionOptions
    deadline: Deadline
    cores: int


Answer = Page | ServiceError
"""A worker's answer to a job."""


def send_start(pipe: Connection, start: Start) -> None:
    """Send the server's first message."""
    told = {"engine": start.engine_config, "limits": start.limits, "sandbox": start.sandbox}
    pipe.send_bytes(orjson.dumps(told, default=_plain))


def receive_start(pipe: Connection) -> Start:
    """Return the server's first message."""
    told = orjson.loads(pipe.recv_bytes())
    engine, limits = told["engine"], told["limits"]
    for name in ("detection_model", "recognition_model"):
        engine[name] = Path(engine[name]) if engine[name] is not None else None
    engine["languages"] = tuple(engine["languages"])
    limits["formats"] = frozenset(map(ImageFormat, limits["formats"]))
    return Start(EngineConfig(**engine), ImageLimits(**limits), sandbox=told["sandbox"])


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
    """Send the answer to a job, or why the worker cannot start."""
    pipe.send_bytes(encode_answer(answer))


def receive_from_worker(pipe: Connection) -> Ready | Answer:
    """Return the next message of a worker.

    Raises:
        InvalidMessageError: it is too long, or not a message of a worker.
        EOFError: the worker has closed the pipe.
        OSError: the pipe cannot be read.
    """
    try:
        message = pipe.recv_bytes(MOST_ANSWER_BYTES)
    except OSError:
        if not pipe.readable:  # that is how it says that a message is longer
            raise InvalidMessageError("too long") from None
        raise
    return decode_from_worker(message)


def encode_answer(answer: Answer) -> bytes:
    """Return the message for an answer."""
    if isinstance(answer, ServiceError):
        told: object = {"error": [answer.kind, answer.detail[:_MOST_DETAIL]]}
        return orjson.dumps(told)
    told = {
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
    return orjson.dumps(told)


def decode_from_worker(message: bytes) -> Ready | Answer:
    """Return what a message of a worker says, checked.

    Raises:
        InvalidMessageError: it is not a message of a worker.
    """
    if sum(map(message.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise InvalidMessageError("too many values")
    try:
        told = orjson.loads(message)
    except orjson.JSONDecodeError:
        raise InvalidMessageError("not JSON") from None
    match told:
        case {"page": list(page), **others} if not others:
            return _page(page)
        case {"error": list(error), **others} if not others:
            return _error(error)
        case {"ready": list(ready), **others} if not others:
            return _ready(ready)
    raise InvalidMessageError("neither a page nor an error")


def _page(told: list[Any]) -> Page:
    width, height, lines, timings = _items(told, 4)
    stages = _of(dict, timings)
    if len(stages) > _MOST_STAGES or not all(map(_STAGE.fullmatch, stages)):
        raise InvalidMessageError("a stage has no name")
    return Page(
        width=_side(width),
        height=_side(height),
        lines=tuple(map(_line, _of(list, lines))),
        timings={name: _number(x, 0.0, math.inf) for name, x in stages.items()},
    )


def _line(told: object) -> TextLine:
    text, confidence, corners = _items(told, 3)
    x0, y0, x1, y1, x2, y2, x3, y3 = (
        _number(x, -_MOST_PIXELS, _MOST_PIXELS) for x in _items(corners, 8)
    )
    return TextLine(
        text=_text(text, _MOST_TEXT),
        confidence=_number(confidence, 0.0, _MOST_CONFIDENCE),
        quad=((x0, y0), (x1, y1), (x2, y2), (x3, y3)),
    )


def _ready(told: list[Any]) -> Ready:
    code, unconfined = _items(told, 2)
    return Ready(_text(code, _MOST_DETAIL), _text(unconfined, _MOST_DETAIL))


def _error(told: list[Any]) -> ServiceError:
    kind, detail = _items(told, 2)
    if _of(str, kind) not in _KINDS:
        raise InvalidMessageError("an error that a worker does not raise")
    return ServiceError(ErrorKind(kind), _text(detail, _MOST_DETAIL))


def _side(value: object) -> int:
    side = _of(int, value)
    if not 1 <= side <= _MOST_PIXELS:
        raise InvalidMessageError("a side out of range")
    return side


def _text(value: object, most: int) -> str:
    text = _of(str, value)
    if len(text) > most:
        raise InvalidMessageError("a text is too long")
    return text


def _number(value: object, least: float, most: float) -> float:
    number = _of(float, value)
    if not (math.isfinite(number) and least <= number <= most):
        raise InvalidMessageError("a number out of range")
    return number


def _items(value: object, count: int) -> list[Any]:
    items = _of(list, value)
    if len(items) != count:
        raise InvalidMessageError("a list of another length")
    return items


def _of(kind: type[_Kind], value: object) -> _Kind:
    if type(value) is not kind:  # a bool is not an int here
        raise InvalidMessageError("a value of another type")
    return value


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(type(value).__name__)
