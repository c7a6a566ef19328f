"""Give up rights in a process that reads files of strangers; this needs no privilege."""

from __future__ import annotations

import contextlib
import ctypes
import resource
import sys
from pathlib import Path

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 4, 38  # of <linux/prctl.h>
_OOM_SCORE = Path("/proc/self/oom_score_adj")
_FIRST_TO_GO = 500
"""Of 1,000: counts as if it held half of the memory more."""


def give_up_rights() -> None:
    """Have this process gain no rights, leave no core dump, and be the kernel's choice.

    Programs that it might start gain nothing by set-user-ID; other processes of its user cannot
    trace it or read its memory. Where memory runs out the kernel takes it before the server.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not sys.platform.startswith("linux"):
        return
    _be_taken_first()
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    # The limit above does not hold where the kernel pipes core dumps to a program. Afterwards the
    # process's own files in /proc belong to root.
    prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _be_taken_first() -> None:
    with contextlib.suppress(OSError, ValueError):  # a /proc that is read-only, or none
        if int(_OOM_SCORE.read_text()) < _FIRST_TO_GO:
            _OOM_SCORE.write_text(str(_FIRST_TO_GO))
