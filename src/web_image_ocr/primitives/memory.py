"""How much memory a process holds and may hold, and how this one hands back what it has freed."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from web_image_ocr.primitives import cgroups

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8  # of <malloc.h>
# Of pages of text, .95 / .92 / .91 / .92 of the time at 128 / 192 / 256 / 320 MiB beside 128 MiB
# without a pad (below); of screens and shop pictures .99 / .96 / .96 from 192 on.
_KEPT = 256 << 20
_NEVER_MAPPED = 1 << 30


def resident_bytes(pid: int) -> int:
    """Resident memory of a process, bytes; 0 where it is gone, or where the system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):  # a process that has just ended has an empty file
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """What this process and its children may hold together.

    Attributes:
        bytes: resident memory.
        source: the file that says so.
    """

    bytes: int
    source: Path


def memory_limit(
    process: Path = cgroups.PROCESS, machine: Path = Path("/proc/meminfo")
) -> MemoryLimit | None:
    """Return the smallest limit: of any control group, or the machine's memory; none if unknown.

    Args:
        process: the process's folder in ``/proc``.
        machine: the file with the machine's memory.
    """
    limits = [
        MemoryLimit(int(content), file)
        for name in ("memory.max", "memory.high", "memory.limit_in_bytes")
        for file, content in cgroups.values("memory", name, process)
        if content.isdigit()  # else "max": no limit
    ]
    try:
        total = next(x for x in machine.read_text().splitlines() if x.startswith("MemTotal:"))
        limits.append(MemoryLimit(int(total.split()[1]) * 1024, machine))
    except (OSError, StopIteration, ValueError, IndexError):
        pass
    return min(limits, key=lambda limit: limit.bytes, default=None)


def out_of_memory_kills(process: Path = cgroups.PROCESS) -> int:
    """Return how many processes of this control group the kernel has ended for lack of memory.

    Args:
        process: the process's folder in ``/proc``.
    """
    kills = [0]
    for name in ("memory.events", "memory.oom_control"):  # version 2, version 1
        for _, content in cgroups.values("memory", name, process):
            counts = dict(line.split() for line in content.splitlines() if line.count(" ") == 1)
            kills.append(int(counts.get("oom_kill", 0)))
    return max(kills)


def keep_freed_memory() -> bool:
    """Have the C library keep up to 256 MiB of freed memory, for the whole process.

    A model's run takes and frees tensors of many megabytes. By default each goes back to the
    system when freed, and is zeroed page by page when it is wanted again: half of the time of a
    detection with two threads (928 x 1600: 0.54 s, 0.27 s with this; Zen 4, glibc 2.36). Beyond
    the threshold the C library hands back all but its pad, so both are what is kept. ONNX
    Runtime's own arena keeps memory, too, but one for each session and for ever.

    Returns:
        Whether the C library does so: glibc does.
    """
    mallopt = _of_c_library("mallopt")
    if mallopt is None:
        return False
    wanted = {
        _MMAP_THRESHOLD: _NEVER_MAPPED,
        _TRIM_THRESHOLD: _KEPT,
        _TOP_PAD: _KEPT,
        _ARENA_MAX: 1,
    }
    return all(mallopt(option, value) == 1 for option, value in wanted.items())


def hand_back_freed_memory() -> None:
    """Have the C library give all that was freed to the system, once; where it can: glibc can."""
    malloc_trim = _of_c_library("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def _of_c_library(name: str) -> Callable[..., int] | None:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), name, None)
