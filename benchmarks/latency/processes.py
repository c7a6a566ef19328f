"""What Linux says of a process: its memory and its time on the cores."""

from __future__ import annotations

import os
import time
from pathlib import Path

_LOOK_S = 0.03
"""Time between two looks: three ticks of the clock that counts a process's time."""
_PATIENCE_S = 2.0
"""A process that is busy for longer after its answer never rests."""


def resident_mib(pid: int) -> float:
    """Memory of the process that is in RAM, MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def cpu_seconds(pid: int) -> float:
    """Time that all threads of the process have had on a core, in steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busy_share(pid: int, seconds: float) -> float:
    """Cores that the process keeps busy, on average, from now for so many seconds."""
    before = cpu_seconds(pid)
    time.sleep(seconds)
    return (cpu_seconds(pid) - before) / seconds


def wait_until_idle(pid: int) -> None:
    """Returns when the process has stopped to compute, or after 2 s.

    Threads of some runtimes spin for a while after an answer, to be quick if the next question
    comes at once; the next engine would share its cores with them.
    """
    until = time.monotonic() + _PATIENCE_S
    while busy_share(pid, _LOOK_S) > 0 and time.monotonic() < until:
        pass
