"""Control groups of the machine that runs the tests, where it lets tests make some."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

_MOUNT = Path("/sys/fs/cgroup")
_NUMBERS = itertools.count(1)


@contextlib.contextmanager
def cgroup(controller: str) -> Iterator[Path]:
    """A group with the controller, below the root; skips where none can be made."""
    if os.getuid() != 0:
        pytest.skip("control groups can be made by root only")
    version_2 = (_MOUNT / "cgroup.controllers").exists()
    parent = _MOUNT if version_2 else _MOUNT / controller
    group = parent / f"web-image-ocr-test-{os.getpid()}-{next(_NUMBERS)}"
    try:
        if version_2:
            (parent / "cgroup.subtree_control").write_text(f"+{controller}")
        group.mkdir()
    except OSError as error:
        pytest.skip(f"no control group can be made: {error}")
    try:
        yield group
    finally:
        for folder in (*group.glob("*/"), group):
            folder.rmdir()


def set_limit(group: Path, limits: dict[str, str]) -> Path:
    """Write the first of these files that the group has, and return it."""
    for name, value in limits.items():
        if (file := group / name).exists():
            file.write_text(value)
            return file
    pytest.skip(f"the group has none of {', '.join(limits)}")
