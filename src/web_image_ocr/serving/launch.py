"""Start a worker's process with its command, its environment and its files."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

CHILD = "web_image_ocr.serving.child"
"""The module whose ``main`` a worker runs."""

_COMMAND = """
import sys
pipe, server, module, *sys.path[:] = sys.argv[1:]
from importlib import import_module
import_module(module).main(int(pipe), int(server))
"""
"""Held here, so that a server whose files are replaced still starts what it knows."""

_NAMES = frozenset({"PATH", "TMPDIR", "VIRTUAL_ENV", "LANG", "LANGUAGE", "TZ"})
_PREFIXES = (
    *("LC_", "PYTHON", "LD_", "GLIBC_", "MALLOC_", "ORT_", "OMP_", "GOMP_", "KMP_"),
    *("OPENBLAS_", "MKL_", "NPY_", "OPENCV_"),
)
"""Pass these of the environment to a worker: for the interpreter, the C library and the engine."""
_TUNABLES, _THREAD_CACHES = "GLIBC_TUNABLES", "glibc.malloc.tcache_count"


def start_child(pipe: int, sentinel: int) -> subprocess.Popen[bytes]:
    """Start a worker that shares nothing with this process but two files and standard error.

    Args:
        pipe: number of the worker's end of the pipe to it.
        sentinel: number of a file that the worker holds until it ends.

    Raises:
        OSError: the system has no memory, process number or file left.
    """
    arguments = [str(pipe), str(os.getpid()), CHILD, *sys.path]
    return subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-P", "-c", _COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=environment(os.environ),
        pass_fds=(pipe, sentinel),
        start_new_session=True,  # no terminal, whose Ctrl-C is the server's
    )


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Return a worker's environment: no settings of the server, no secrets of other programs.

    The C library keeps no freed small blocks for each thread there. Such blocks count as taken,
    and a few that lie high keep the whole heap below them: a worker that had read 100 images held
    632 MiB, 520 without them, and took as long. What an operator has set is kept.

    Args:
        ours: the server's.
    """
    passed = {
        name: value for name, value in ours.items() if name in _NAMES or name.startswith(_PREFIXES)
    }
    tunables = passed.get(_TUNABLES, "")
    if _THREAD_CACHES not in tunables:
        passed[_TUNABLES] = ":".join(filter(None, [tunables, f"{_THREAD_CACHES}=0"]))
    return passed
