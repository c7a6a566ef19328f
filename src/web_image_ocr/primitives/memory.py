"""How much memory a process holds, and how this one hands back what it has freed."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -2, -3, -8  # of <malloc.h>
# Of pages of text, .95 / .92 / .91 / .92 of the time at 128 / 192 / 256 / 320 MiB beside 128 MiB
# without a pad (below); of screens and shop pictures .99 / .96 / .96 from 192 on.
_KEPT = 256 << 20
_NEVER_MAPPED = 1 << 30
_TUNABLES, _THREAD_CACHES = "GLIBC_TUNABLES", "glibc.malloc.tcache_count"


def resident_bytes(pid: int) -> int:
    """Resident memory of a process, bytes; 0 where it is gone, or where the system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):  # a process that has just ended has an empty file
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


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


@contextmanager
def without_thread_caches() -> Iterator[None]:
    """Have the processes that are started meanwhile keep no freed small blocks for each thread.

    Such blocks count as taken. A few that lie high keep the whole heap below them: a worker that
    had read 100 pictures held 632 MiB, 520 without them, and took as long. glibc takes this from
    the environment only, when a process starts. What an operator has set is kept.
    """
    before = os.environ.get(_TUNABLES)
    if before is None or _THREAD_CACHES not in before:
        os.environ[_TUNABLES] = ":".join(filter(None, [before, f"{_THREAD_CACHES}=0"]))
    try:
        yield
    finally:
        if before is None:
            del os.environ[_TUNABLES]
        else:
            os.environ[_TUNABLES] = before


def _of_c_library(name: str) -> Callable[..., int] | None:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), name, None)
