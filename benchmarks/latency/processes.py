"""Read the memory and CPU time of a process from Linux."""

from __future__ import annotations

import os
import time
from pathlib import Path

_INTERVAL_S = 0.03
"""Between two measurements: three ticks of the clock that counts a process's time."""
_TIMEOUT_S = 2.0
"""A process that is busy for longer after its response never becomes idle."""


def resident_mib(pid: int) -> float:
    """Return the resident memory of a process, MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of all threads of a process, seconds in steps of 10 ms."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def busy_share(pid: int, seconds: float) -> float:
    """Return the mean number of cores that a process keeps busy for the next ``seconds``."""
    before = cpu_seconds(pid)
    time.sleep(seconds)
    return (cpu_seconds(pid) - before) / seconds


def wait_until_idle(pid: int) -> None:
    """Wait until a process stops computing, at most 2 s.

    Threads of some runtimes spin for a while after a response, to start the next run faster. The
    next engine would share its cores with them.
    """
    deadline = time.monotonic() + _TIMEOUT_S
    while busy_share(pid, _INTERVAL_S) > 0 and time.monotonic() < deadline:
        pass
