"""Workers with real processes and pipes whose engine does what the picture says, also the worst."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace
from typing import NoReturn

from web_image_ocr.engine import EngineConfig
from web_image_ocr.engine.values import Page, RecognitionOptions, TextLine
from web_image_ocr.images import ImageLimits
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.serving import worker

_LONG_S = 600
_QUAD = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def faulty_jobs(pipe: Connection, engine_config: EngineConfig, limits: ImageLimits) -> None:
    """The worker's own loop around a double of decoder and engine.

    Args:
        pipe: to the server.
        engine_config: its ``detection_model`` is a folder whose files are named after faults
            at the start; each start takes one away and has that fault.
        limits: not looked at.
    """
    start = _fault_at_start(engine_config.detection_model)
    match start:
        case "exit at start":
            os._exit(3)
        case "hang at start":
            time.sleep(_LONG_S)
        case "nonsense at start":
            pipe.send("Hello")
            time.sleep(_LONG_S)
        case "refuse to start":
            vars(worker).update(Engine=_refuse)
        case _:
            vars(worker).update(Engine=lambda _config: _Engine(pipe))
    vars(worker).update(decode=_decode)
    worker.serve_jobs(pipe, engine_config, limits)


def _fault_at_start(folder: Path | None) -> str:
    for file in sorted(folder.iterdir()) if folder else ():
        try:
            file.unlink()
        except FileNotFoundError:  # another start was faster
            continue
        return file.name.partition(" ")[2]
    return ""


def _refuse(_config: EngineConfig) -> NoReturn:
    raise ServiceError(ErrorKind.MODEL_UNAVAILABLE, "a double that refuses")


def _decode(picture: bytes, _limits: ImageLimits) -> SimpleNamespace:
    if picture == b"raise":
        raise RuntimeError("in the decoder")
    return SimpleNamespace(pixels=picture)


class _Engine:
    """Reads as text whatever is no fault."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self._leaked: list[bytes] = []
        self._faults: dict[str, Callable[[], object]] = {
            "hang": lambda: time.sleep(_LONG_S),
            "hang with the interpreter's lock": lambda: ctypes.PyDLL(None).sleep(_LONG_S),
            "exit": lambda: os._exit(3),
            "segmentation fault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
            "leak": self._leak,
            "nonsense": lambda: self._say(b"\x80no pickle"),
            "another type": lambda: self._pipe.send({"text": "none"}),
            "half a message": lambda: self._write(struct.pack("!i", 1000) + b"half"),
            "a wrong length": lambda: self._write(struct.pack("!i", -7)),
            "a closed pipe": self._close,
        }

    def recognize(
        self, pixels: bytes, _options: RecognitionOptions, *, cores: int, deadline: Deadline
    ) -> Page:
        del cores
        what = pixels.decode()
        if what == "slow":
            while True:
                time.sleep(0.01)
                deadline.check()
        if what == "grow":
            self._leaked.append(b"x" * (400 << 20))
        if fault := self._faults.get(what):
            fault()
        line = TextLine(text=what, confidence=1.0, quad=_QUAD)
        return Page(width=1, height=1, lines=(line,))

    def _say(self, message: bytes) -> None:
        self._pipe.send_bytes(message)
        time.sleep(_LONG_S)

    def _write(self, content: bytes) -> None:
        os.write(self._pipe.fileno(), content)
        time.sleep(_LONG_S)

    def _close(self) -> None:
        self._pipe.close()
        time.sleep(_LONG_S)

    def _leak(self) -> None:
        while True:
            self._leaked.append(b"x" * (32 << 20))
            time.sleep(0.02)
