"""What the processes of a server hold, as the system counts it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Held:
    """What the server and its workers hold at a moment.

    Attributes:
        resident: bytes, by process number; the server's own first.
        files: open in the server.
        threads: of the server.
        zombies: children of the server that nobody has waited for.
    """

    resident: dict[int, int]
    files: int
    threads: int
    zombies: int

    @property
    def mib(self) -> float:
        """Of all processes together; what they share is counted for each."""
        return sum(self.resident.values()) / 2**20


def held_by(pid: int) -> Held:
    """What the server of that number holds."""
    children = children_of(pid)
    workers = [child for child in children if is_worker(child)]
    return Held(
        resident={one: _resident(one) for one in (pid, *workers)},
        files=_entries(f"/proc/{pid}/fd"),
        threads=_entries(f"/proc/{pid}/task"),
        zombies=sum(_state(child) == "Z" for child in children),
    )


def workers_of(pid: int) -> list[int]:
    """The worker processes of a server, those that still start among them."""
    return [child for child in children_of(pid) if is_worker(child)]


def children_of(pid: int) -> list[int]:
    """Of all threads of the process."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            found += map(int, (thread / "children").read_text("ascii").split())
        except OSError:  # the thread has ended
            continue
    return found


def is_worker(pid: int) -> bool:
    """Whether the process is one that reads images."""
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
