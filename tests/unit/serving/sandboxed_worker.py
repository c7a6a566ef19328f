"""Provide a worker whose fake engine attempts forbidden and required actions."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.page import Page, TextLine
from web_image_ocr.serving import worker, worker_main

_LIBC = ctypes.CDLL(None, use_errno=True)
_QUAD = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
_PR_SET_DUMPABLE, _PTRACE_TRACEME = 4, 0
ORPHAN_S = 60
FORGED_RECORD = b"a forged record"
SERVER = os.getppid()
SCRATCH = Path(tempfile.gettempdir(), f"web-image-ocr-confined-{SERVER}")


def main(pipe: int, server: int) -> None:
    """Answer each job with the outcome of the action that its image names."""
    vars(worker).update(Engine=_Engine, decode=_decode)
    worker_main.main(pipe, server)


def _decode(image: bytes, _limits: object) -> SimpleNamespace:
    return SimpleNamespace(pixels=image)


def _libc(name: str, *arguments: int) -> None:
    if getattr(_LIBC, name)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), name)


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)
    os.wait()


def _leave_an_orphan() -> None:
    if os.fork() == 0:
        time.sleep(ORPHAN_S)
        os._exit(0)


FORBIDDEN: dict[str, Callable[[], object]] = {
    "open a socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM).close(),
    "open a datagram socket": lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close(),
    "open a local socket": lambda: socket.socket(socket.AF_UNIX).close(),
    "read a file": lambda: Path("/proc/self/status").read_bytes(),
    "list a folder": lambda: os.listdir("/"),  # noqa: PTH208
    "stat a file": lambda: os.stat("/"),  # noqa: PTH116
    "write a file": lambda: SCRATCH.write_bytes(b""),
    "remove a file": SCRATCH.unlink,
    "fork": _fork,
    "leave an orphan process": _leave_an_orphan,
    "start a program": lambda: subprocess.run(["/bin/true"], check=True),
    "signal the server": lambda: os.kill(SERVER, 0),
    "signal a thread of the server": lambda: _libc(
        "syscall", {"x86_64": 234, "aarch64": 131}[os.uname().machine], *[SERVER] * 2, 0
    ),
    "limit the server": lambda: os.sched_setaffinity(SERVER, os.sched_getaffinity(SERVER)),
    "make memory executable": lambda: mmap.mmap(
        -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    ).close(),
    "be traced": lambda: _libc("ptrace", _PTRACE_TRACEME, 0, 0, 0),
    "be dumpable": lambda: _libc("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0),
}
"""Actions that the sandbox must block."""

REQUIRED: dict[str, Callable[[], object]] = {
    "take memory": lambda: bytearray(64 << 20),
    "start a thread": lambda: threading.Thread(target=time.sleep, args=(0.001,)).start(),
    "duplicate a file": lambda: os.close(os.dup(2)),
    "write to standard error": lambda: os.write(2, FORGED_RECORD),
    "sleep": lambda: time.sleep(0.001),
    "draw random bytes": lambda: os.urandom(16),
}
"""Actions that a worker needs."""


class _Engine:
    def __init__(self, _config: EngineConfig) -> None:
        self._thread = ThreadPoolExecutor(1)  # started before the sandbox
        self._thread.submit(int).result()

    def recognize(self, pixels: object, *_options: object, **_more: object) -> Page:
        what = pixels.decode() if isinstance(pixels, bytes) else "sleep"
        in_thread = what.removeprefix("in a thread: ")
        action = (FORBIDDEN | REQUIRED)[in_thread]
        try:
            if in_thread != what:
                self._thread.submit(action).result()
            else:
                action()
            outcome = "done"
        except OSError as error:
            outcome = errno.errorcode[error.errno or 0]
        line = TextLine(text=outcome, confidence=1.0, quad=_QUAD)
        return Page(width=1, height=1, lines=(line,))
