"""Fake ``/proc/self`` and mounted control groups in a folder."""

from __future__ import annotations

from pathlib import Path


class Tree:
    """Hold a process and its groups below a folder of the test.

    Args:
        folder: empty.

    Attributes:
        process: stands for ``/proc/self``.
    """

    def __init__(self, folder: Path) -> None:
        self.process = folder / "proc"
        self.process.mkdir()
        self._mounts = folder / "sys fs cgroup"
        self._lines = ["23 1 8:1 / / rw - ext4 /dev/sda rw\n"]
        self.groups("0::/")

    def groups(self, *lines: str) -> None:
        """Put the process in these groups, in the format of ``/proc/self/cgroup``."""
        (self.process / "cgroup").write_text("".join(f"{line}\n" for line in lines))

    def mount(self, name: str, kind: str, root: str = "/") -> None:
        """Mount a hierarchy; ``kind`` is ``cgroup2`` or the controllers of version 1."""
        point = str(self._mounts / name).replace(" ", "\\040")
        system = "cgroup2 cgroup2 rw" if kind == "cgroup2" else f"cgroup cgroup rw,{kind}"
        self._lines.append(f"41 31 0:38 {root} {point} rw,relatime shared:9 - {system}\n")
        (self.process / "mountinfo").write_text("".join(self._lines))

    def write(self, path: str, content: str) -> Path:
        """Write a file below the mounts."""
        file = self._mounts / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content + "\n")
        return file
