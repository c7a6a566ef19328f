"""Read memory and CPU time of a process from /proc."""

from __future__ import annotations

import os
import re
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def peak_memory(pid: int | str = "self") -> int:
    """Return the peak resident memory in bytes since the start or the last `reset_peak`."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+)", status)
    assert found, "the process has ended"
    return int(found[1]) * 1024


def reset_peak(pid: int | str = "self") -> None:
    """Reset the peak to the resident memory of now (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of all threads so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
