"""Read the resources of a server's processes from ``/proc``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Resources:
    """Hold the resources of a server and its workers at one moment.

    Attributes:
        resident: RSS in bytes by process ID, the server first.
        files: Open files of the server.
        threads: Threads of the server.
        zombies: Zombie children of the server.
    """

    resident: dict[int, int]
    files: int
    threads: int
    zombies: int

    @property
    def mib(self) -> float:
        """Return the sum over all processes in MiB; shared memory counts for each."""
        return sum(self.resident.values()) / 2**20


def resources_of(pid: int) -> Resources:
    """Return the resources of a server."""
    children = children_of(pid)
    workers = [child for child in children if is_worker(child)]
    return Resources(
        resident={one: _resident(one) for one in (pid, *workers)},
        files=_entries(f"/proc/{pid}/fd"),
        threads=_entries(f"/proc/{pid}/task"),
        zombies=sum(_state(child) == "Z" for child in children),
    )


def workers_of(pid: int) -> list[int]:
    """Return the worker processes of a server, including starting ones."""
    return [child for child in children_of(pid) if is_worker(child)]


def children_of(pid: int) -> list[int]:
    """Return the children of all threads of a process."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            found += map(int, (thread / "children").read_text("ascii").split())
        except OSError:  # the thread has ended
            continue
    return found


def is_worker(pid: int) -> bool:
    """Return whether the process is a worker."""
    try:
        return b"web_image_ocr.serving.worker_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _entries(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""
