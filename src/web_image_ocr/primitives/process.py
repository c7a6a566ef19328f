"""Harden the current process: drop rights, die with the parent. Needs no privileges."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

# Numbers from <linux/prctl.h>.
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_OOM_SCORE = Path("/proc/self/oom_score_adj")
_WORKER_OOM_SCORE = 500
"""Of 1,000: the OOM killer counts half of the machine's memory on top of what the process uses."""


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends (Linux only).

    This works even if the interpreter hangs. On other systems a child notices the end of its
    parent at its next use of the pipe. For Linux the parent is the thread that started the child.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent != os.getppid():  # the parent ended before the call above
        os.kill(os.getpid(), signal.SIGKILL)


def harden_process() -> None:
    """Forbid privilege gain, core dumps and tracing; volunteer for the OOM killer.

    Set-user-ID programs that the process starts gain no rights. Other processes of the same user
    cannot trace it or read its memory. When memory runs out, the kernel kills it before the server.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not sys.platform.startswith("linux"):
        return
    _raise_oom_score()
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # RLIMIT_CORE has no effect where the kernel pipes core dumps to a program. A process that is
    # not dumpable is never dumped, and its files in /proc belong to root.
    prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _raise_oom_score() -> None:
    with contextlib.suppress(OSError, ValueError):  # /proc is missing or read-only
        if int(_OOM_SCORE.read_text()) < _WORKER_OOM_SCORE:
            _OOM_SCORE.write_text(str(_WORKER_OOM_SCORE))
