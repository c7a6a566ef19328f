"""What a process has taken so far, as the system counts it."""

from __future__ import annotations

import os
import re
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def greatest_memory(pid: int | str = "self") -> int:
    """The greatest resident memory since the start or the last `forget_peak`, bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+)", status)
    assert found, "a process that has ended holds nothing"
    return int(found[1]) * 1024


def forget_peak(pid: int | str = "self") -> None:
    """Have `greatest_memory` count from what is held now (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def processor_seconds(pid: int) -> float:
    """Seconds of all its threads on any core so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
