"""Start a worker process with a clean environment and two inherited files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

WORKER_MODULE = "web_image_ocr.serving.worker_main"
"""Module whose ``main`` a worker process runs."""

_COMMAND = """
import sys
pipe, server, module, *sys.path[:] = sys.argv[1:]
from importlib import import_module
import_module(module).main(int(pipe), int(server))
"""
"""Held in memory, so that the command fits this server even after an upgrade of its files."""

_NAMES = frozenset({"PATH", "TMPDIR", "VIRTUAL_ENV", "LANG", "LANGUAGE", "TZ"})
_PREFIXES = (
    *("LC_", "PYTHON", "LD_", "GLIBC_", "MALLOC_", "ORT_", "OMP_", "GOMP_", "KMP_"),
    *("OPENBLAS_", "MKL_", "NPY_", "OPENCV_"),
)
"""Environment variables for the interpreter, the C library and the engine: passed to workers."""
_TUNABLES, _THREAD_CACHES = "GLIBC_TUNABLES", "glibc.malloc.tcache_count"


def start_worker(pipe: int, sentinel: int) -> subprocess.Popen[bytes]:
    """Start a worker that shares two files and standard error with this process, nothing else.

    Args:
        pipe: file descriptor of the worker's end of the pipe.
        sentinel: file descriptor that the worker holds open until it exits.

    Raises:
        OSError: the system has no memory, process ID or file descriptor left.
    """
    arguments = [str(pipe), str(os.getpid()), WORKER_MODULE, *sys.path]
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-P", "-c", _COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=environment(os.environ),
        pass_fds=(pipe, sentinel),
        start_new_session=True,  # Ctrl-C in the terminal is for the server only
    )


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return a worker's environment: no server settings, no secrets of other programs.

    Disable the C library's thread caches unless the operator configured them: they fragment
    the heap (docs/engine-notes/recognition-and-runtime.md).
    """
    passed = {
        name: value for name, value in ours.items() if name in _NAMES or name.startswith(_PREFIXES)
    }
    tunables = passed.get(_TUNABLES, "")
    if _THREAD_CACHES not in tunables:
        passed[_TUNABLES] = ":".join(filter(None, [tunables, f"{_THREAD_CACHES}=0"]))
    return passed
