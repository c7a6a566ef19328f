"""Read the control groups (cgroups, versions 1 and 2) that limit this process."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

PROCESS = Path("/proc/self")


def values(controller: str, name: str, process: Path = PROCESS) -> Iterator[tuple[Path, str]]:
    """Yield each existing file of that name that limits this process, with its content.

    The process's own group comes first, then each parent up to the root of the mount. The limits
    of all of them apply.

    Args:
        controller: ``cpu``, ``memory`` and so on.
        name: of the file.
        process: the process's folder in ``/proc``.
    """
    for folder in levels(controller, process):
        content = _content(folder / name)
        if content is not None:
            yield folder / name, content


def own_values(controller: str, name: str, process: Path = PROCESS) -> Iterator[str]:
    """Yield the content of each file of that name in the process's own groups alone."""
    for mount, below in _groups(controller, process):
        content = _content(mount / below / name)
        if content is not None:
            yield content


def levels(controller: str, process: Path = PROCESS) -> list[Path]:
    """Return the folders of this process's groups, from its own up to the root of the mount."""
    groups = _groups(controller, process)
    return list(dict.fromkeys(folder for group in groups for folder in _upwards(*group)))


def _groups(controller: str, process: Path) -> list[tuple[Path, PurePosixPath]]:
    """Return the process's own groups: each mount point, and the group's path below it.

    A machine may use both versions (hybrid layout).
    """
    try:
        memberships = (process / "cgroup").read_text().splitlines()
        mounts = (process / "mountinfo").read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return []
    version_2, version_1 = _paths(memberships, controller)
    found = []
    for line in (line for line in mounts if " - cgroup" in line):
        root, mount, kind, options = _mount(line)
        path = version_2 if kind == "cgroup2" else version_1
        if path is not None and (kind == "cgroup2" or controller in options):
            found.append((Path(mount), _below(root, path)))
    return found


def _content(file: Path) -> str | None:
    try:
        return file.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return None


def _paths(memberships: list[str], controller: str) -> tuple[str | None, str | None]:
    """Return this process's group of version 2, and of the controller's version 1."""
    version_2 = version_1 = None
    for line in memberships:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            version_2 = path
        elif controller in controllers.split(","):
            version_1 = path
    return version_2, version_1


def _mount(line: str) -> tuple[str, str, str, list[str]]:
    """Return root, mount point, file system and options of a line of ``mountinfo`` (proc(5))."""
    before, _, after = line.partition(" - ")
    kind, _, options = after.split(" ", 2)
    root, mount = before.split(" ")[3:5]
    return _unescaped(root), _unescaped(mount), kind, options.split(",")


def _unescaped(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), path)


def _below(root: str, path: str) -> PurePosixPath:
    """Return the group's folder relative to the mount point, which stands for groups outside.

    A group is outside the mount in a container that shares the host's namespace and mounts its own
    group at the root. The path ``/../x`` is outside the namespace.
    """
    group = PurePosixPath(path)
    if ".." in group.parts or not group.is_relative_to(root):
        return PurePosixPath()
    return group.relative_to(root)


def _upwards(mount: Path, below: PurePosixPath) -> Iterator[Path]:
    yield mount / below
    yield from (mount / parent for parent in below.parents)
