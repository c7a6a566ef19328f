"""Sample the memory of a server's processes."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import Self

_PERIOD_S = 1.0
_PAGE = os.sysconf("SC_PAGE_SIZE")


class MemoryWatch:
    """Sample the resident memory (RSS) of a process tree every second; a context manager.

    Shared memory counts for each process.

    Attributes:
        mib: Sums in MiB, in order of time.
    """

    def __init__(self, pid: int) -> None:
        self.mib: list[float] = []
        self._pid = pid
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        """Start sampling."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop sampling."""
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.mib.append(round(tree_rss(self._pid) / 2**20, 1))
            if self._end.wait(_PERIOD_S):
                return


def tree_rss(pid: int) -> int:
    """Return the RSS of a process and its descendants in bytes; exited ones count as 0."""
    return sum(map(_rss, process_tree(pid)))


def process_tree(pid: int) -> list[int]:
    """Return the IDs of a process and its descendants; empty if it has exited."""
    try:
        threads = list(Path(f"/proc/{pid}/task").iterdir())
        children = " ".join((thread / "children").read_text("ascii") for thread in threads).split()
    except OSError:
        return []
    return [pid, *(one for child in children for one in process_tree(int(child)))]


def _rss(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except OSError:
        return 0
