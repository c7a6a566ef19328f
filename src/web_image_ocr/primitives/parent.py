"""A process that does not outlive the one that started it."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # of <linux/prctl.h>


def end_with_parent(parent: int) -> None:
    """Have this process killed when its parent ends.

    Nothing in the process need run for that, not even the interpreter. On Linux only; elsewhere a
    child sees its parent's end when it next uses its pipe. The parent's end is that of the
    thread that started the child.

    Args:
        parent: process number of the parent.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent != os.getppid():  # it ended before its end was asked for
        os.kill(os.getpid(), signal.SIGKILL)
