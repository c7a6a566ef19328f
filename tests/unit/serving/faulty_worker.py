"""Provide a real worker process with a fake engine that fails as the image says."""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import tempfile
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from types import SimpleNamespace

from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.page import Page, RecognitionOptions, TextLine
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.serving import worker, worker_main
from web_image_ocr.serving.messages import MAX_ANSWER_BYTES

_FOREVER_S = 600
_QUAD = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def main(pipe: int, server: int) -> None:
    """Run the worker around a fake decoder and engine; replaces ``serving.worker_main``.

    ``detection_model`` is a folder whose files are named after faults; each start removes one
    and fails that way.
    """
    vars(worker).update(Engine=lambda config: _engine(config, pipe), decode=_decode)
    worker_main.main(pipe, server)


def _engine(config: EngineConfig, pipe: int) -> _Engine:
    match _fault_at_start(config.detection_model):
        case "exit at start":
            os._exit(3)
        case "hang at start":
            time.sleep(_FOREVER_S)
        case "bad message at start":
            Connection(os.dup(pipe)).send("Hello")
            time.sleep(_FOREVER_S)
        case "refuse to start":
            raise ServiceError(ErrorKind.MODEL_UNAVAILABLE, "the fake engine refuses to start")
    return _Engine(pipe)


def _fault_at_start(folder: Path | None) -> str:
    for file in sorted(folder.iterdir()) if folder else ():
        try:
            file.unlink()
        except FileNotFoundError:  # taken by another start
            continue
        return file.name.partition(" ")[2]
    return ""


def _decode(image: bytes, _limits: object) -> SimpleNamespace:
    if image == b"raise":
        raise RuntimeError("in the decoder")
    return SimpleNamespace(pixels=image)


def trap_of(test: int) -> Path:
    """Return the folder that unpickling a `_Trap` creates; ``test`` is the test's process ID."""
    return Path(tempfile.gettempdir(), f"web-image-ocr-unpickled-by-{test}")


class _Trap:
    """Create a folder when unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(trap_of(os.getppid())),)


class _Engine:
    """Return the image's bytes as text, unless they name a fault."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._leaked: list[bytes] = []
        self._faults: dict[str, Callable[[], object]] = {
            "hang": lambda: time.sleep(_FOREVER_S),
            "hang holding the GIL": lambda: ctypes.PyDLL(None).sleep(_FOREVER_S),
            "exit": lambda: os._exit(3),
            "segmentation fault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
            "leak": self._leak,
            "invalid message": lambda: self._send(b"\x80no JSON"),
            "a pickle": lambda: Connection(os.dup(pipe)).send(_Trap()),
            "another shape": lambda: self._send(b'{"text": "none"}'),
            "too much": lambda: self._send(b" " * (MAX_ANSWER_BYTES + 1)),
            "half a message": lambda: self._write(struct.pack("!i", 1000) + b"half"),
            "a wrong length": lambda: self._write(struct.pack("!i", -7)),
            "a closed pipe": self._close,
        }

    def recognize(
        self,
        pixels: object,
        _options: RecognitionOptions | None = None,
        *,
        cores: int = 1,
        deadline: Deadline | None = None,
    ) -> Page:
        del cores
        what = pixels.decode() if isinstance(pixels, bytes) else "warm up"
        deadline = deadline or Deadline.never()
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

    def _send(self, message: bytes) -> None:
        Connection(os.dup(self._pipe)).send_bytes(message)
        time.sleep(_FOREVER_S)

    def _write(self, content: bytes) -> None:
        os.write(self._pipe, content)
        time.sleep(_FOREVER_S)

    def _close(self) -> None:
        os.close(self._pipe)
        time.sleep(_FOREVER_S)

    def _leak(self) -> None:
        while True:
            self._leaked.append(b"x" * (32 << 20))
            time.sleep(0.02)
