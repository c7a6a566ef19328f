"""A process that does not outlive the one that started it."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # of <linux/prctl.h>


def end_with_parent() -> None:
    """Have this process, a child of ``multiprocessing``, killed when its parent ends.

    Nothing in the process need run for that, not even the interpreter. On Linux only; elsewhere a
    child sees its parent's end when it next uses its pipe. The parent's end is that of the
    thread that started the child.
    """
    parent = multiprocessing.parent_process()
    if parent is None or not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if parent.pid != os.getppid():  # it ended before its end was asked for
        os.kill(os.getpid(), signal.SIGKILL)
