"""Workers with real processes and pipes whose engine does what the picture says, also the worst."""

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

from web_image_ocr.engine import EngineConfig
from web_image_ocr.engine.page import Page, RecognitionOptions, TextLine
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.serving import child, worker
from web_image_ocr.serving.messages import MOST_ANSWER_BYTES

_LONG_S = 600
_QUAD = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


def main(pipe: int, server: int) -> None:
    """The worker itself around a double of decoder and engine; in place of ``serving.child``.

    The engine's ``detection_model`` is a folder whose files are named after faults at the start;
    each start takes one away and has that fault.
    """
    vars(worker).update(Engine=lambda config: _engine(config, pipe), decode=_decode)
    child.main(pipe, server)


def _engine(config: EngineConfig, pipe: int) -> _Engine:
    match _fault_at_start(config.detection_model):
        case "exit at start":
            os._exit(3)
        case "hang at start":
            time.sleep(_LONG_S)
        case "nonsense at start":
            Connection(os.dup(pipe)).send("Hello")
            time.sleep(_LONG_S)
        case "refuse to start":
            raise ServiceError(ErrorKind.MODEL_UNAVAILABLE, "a double that refuses")
    return _Engine(pipe)


def _fault_at_start(folder: Path | None) -> str:
    for file in sorted(folder.iterdir()) if folder else ():
        try:
            file.unlink()
        except FileNotFoundError:  # another start was faster
            continue
        return file.name.partition(" ")[2]
    return ""


def _decode(picture: bytes, _limits: object) -> SimpleNamespace:
    if picture == b"raise":
        raise RuntimeError("in the decoder")
    return SimpleNamespace(pixels=picture)


def trap_of(test: int) -> Path:
    """The folder that `_Trap` leaves behind in the process of that number."""
    return Path(tempfile.gettempdir(), f"web-image-ocr-unpickled-by-{test}")


class _Trap:
    """An object that acts where it is unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(trap_of(os.getppid())),)


class _Engine:
    """Reads as text whatever is no fault."""

    def __init__(self, pipe: int) -> None:
        self._pipe = pipe
        self._leaked: list[bytes] = []
        self._faults: dict[str, Callable[[], object]] = {
            "hang": lambda: time.sleep(_LONG_S),
            "hang with the interpreter's lock": lambda: ctypes.PyDLL(None).sleep(_LONG_S),
            "exit": lambda: os._exit(3),
            "segmentation fault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
            "leak": self._leak,
            "nonsense": lambda: self._say(b"\x80no JSON"),
            "a pickle": lambda: Connection(os.dup(pipe)).send(_Trap()),
            "another shape": lambda: self._say(b'{"text": "none"}'),
            "too much": lambda: self._say(b" " * (MOST_ANSWER_BYTES + 1)),
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

    def _say(self, message: bytes) -> None:
        Connection(os.dup(self._pipe)).send_bytes(message)
        time.sleep(_LONG_S)

    def _write(self, content: bytes) -> None:
        os.write(self._pipe, content)
        time.sleep(_LONG_S)

    def _close(self) -> None:
        os.close(self._pipe)
        time.sleep(_LONG_S)

    def _leak(self) -> None:
        while True:
            self._leaked.append(b"x" * (32 << 20))
            time.sleep(0.02)
