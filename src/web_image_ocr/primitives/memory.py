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
_KEPT = 256 << 20
"""Bytes. Larger values save no more time; see "Freed memory" in the engine notes."""
_NEVER_MAPPED = 1 << 30


class ResidentMemory:
    """Read the resident memory of a process while it runs.

    The kernel checks access to the file in ``/proc`` on opening, not on reading. A worker that is
    not dumpable disappears from ``/proc`` where ``hidepid`` is set (systemd:
    ``ProtectProc=invisible``), so the file is opened before. It never shows another process with
    the same pid.

    Args:
        pid: of a running process.
        proc: mount point of the process file system.

    Raises:
        OSError: out of file descriptors.
    """

    def __init__(self, pid: int, proc: Path = Path("/proc")) -> None:
        self._file: int | None = None
        # Without /proc, or if the process is hidden, the size stays unknown.
        with contextlib.suppress(FileNotFoundError, PermissionError, ProcessLookupError):
            self._file = os.open(proc / str(pid) / "statm", os.O_RDONLY | os.O_CLOEXEC)

    def bytes(self) -> int | None:
        """Return the resident memory, bytes; None if unknown or the process has ended."""
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
    """Describe a limit on the memory of this process and its children together.

    Attributes:
        bytes: resident memory.
        source: file that the limit was read from.
    """

    bytes: int
    source: Path


def memory_limit(
    process: Path = cgroups.PROCESS, machine: Path = Path("/proc/meminfo")
) -> MemoryLimit | None:
    """Return the smallest limit: of any control group, or the machine's memory; None if unknown."""
    limits = [
        MemoryLimit(int(content), file)
        for name in ("memory.max", "memory.high", "memory.limit_in_bytes")
        for file, content in cgroups.values("memory", name, process)
        if content.isdigit()  # otherwise "max": no limit
    ]
    try:
        total = next(x for x in machine.read_text().splitlines() if x.startswith("MemTotal:"))
        limits.append(MemoryLimit(int(total.split()[1]) * 1024, machine))
    except (OSError, StopIteration, ValueError, IndexError):
        pass
    return min(limits, key=lambda limit: limit.bytes, default=None)


def out_of_memory_kills(process: Path = cgroups.PROCESS) -> int:
    """Return how many processes of this control group the OOM killer has ended.

    The group itself counts its processes, whichever limit was reached. The count of a parent
    includes the processes of other services.
    """
    kills = [0]
    for name in ("memory.events", "memory.oom_control"):  # version 2, version 1
        for content in cgroups.own_values("memory", name, process):
            counts = dict(line.split() for line in content.splitlines() if line.count(" ") == 1)
            kills.append(int(counts.get("oom_kill", 0)))
    return max(kills)


def keep_freed_memory() -> bool:
    """Make the C library keep up to 256 MiB of freed memory, and return whether it does.

    Inference allocates and frees tensors of many megabytes. By default each is returned to the
    kernel, which zeroes its pages on the next allocation. That is half of the time of a detection
    with two threads (see "Freed memory" in the engine notes). Above the trim threshold glibc
    returns everything but its pad, so both have the same value. ONNX Runtime's own arena would
    keep memory per session and never return it. Only glibc supports this.
    """
    mallopt = _libc_function("mallopt")
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
    """Return all freed memory to the kernel once, where the C library is glibc."""
    malloc_trim = _libc_function("malloc_trim")
    if malloc_trim is not None:
        malloc_trim(0)


def _libc_function(name: str) -> Callable[..., int] | None:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), name, None)
