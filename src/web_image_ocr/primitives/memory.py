"""Measure and limit the memory of processes, and return freed memory to the system."""

from __future__ import annotations

import contextlib
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


class ResidentMemory:
    """Read how much resident memory a process has, for as long as it runs.

    The kernel checks access when the file is opened, not when it is read. Opened in time, it can
    be read after the process has stopped being dumpable, which hides the process from ordinary
    users where ``/proc`` is mounted with ``hidepid`` (systemd: ``ProtectProc=invisible``). It never
    shows another process that got the same number.

    Args:
        pid: number of a process that runs.
        proc: mount point of the process file system.

    Raises:
        OSError: no open file is left.
    """

    def __init__(self, pid: int, proc: Path = Path("/proc")) -> None:
        self._file: int | None = None
        # Without /proc, or where the process is hidden, the size is unknown.
        with contextlib.suppress(FileNotFoundError, PermissionError, ProcessLookupError):
            self._file = os.open(proc / str(pid) / "statm", os.O_RDONLY | os.O_CLOEXEC)

    def bytes(self) -> int | None:
        """Return the resident memory; None if the process has ended or its size is unknown."""
        if self._file is None:
            return None
        try:
            pages = int(os.pread(self._file, 4096, 0).split()[1])
        except (OSError, IndexError):  # a process that has just ended has an empty file
            return None
        return pages * os.sysconf("SC_PAGE_SIZE")

    def close(self) -> None:
        """Close the file; may be called again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """Describe what this process and its children may hold together.

    Attributes:
        bytes: resident memory.
        source: the file that says so.
    """

    bytes: int
    source: Path


def memory_limit(
    process: Path = cgroups.PROCESS, machine: Path = Path("/proc/meminfo")
) -> MemoryLimit | None:
    """Return the smallest limit: of any control group, or the machine's memory; None if unknown.

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

    The own group counts its processes whichever limit was reached. The count of a parent also
    contains the processes of other services.

    Args:
        process: the process's folder in ``/proc``.
    """
    kills = [0]
    for name in ("memory.events", "memory.oom_control"):  # version 2, version 1
        for content in cgroups.own_values("memory", name, process):
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


def release_freed_memory() -> None:
    """Have the C library give all that was freed to the system, once; where it can: glibc can."""
    malloc_trim = _of_c_library("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def _of_c_library(name: str) -> Callable[..., int] | None:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), name, None)
