"""Create control groups (cgroups v1 and v2) for tests."""

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
    """Create a cgroup with a controller below the root; skip the test where that fails."""
    if os.getuid() != 0:
        pytest.skip("creating cgroups needs root")
    version_2 = (_MOUNT / "cgroup.controllers").exists()
    parent = _MOUNT if version_2 else _MOUNT / controller
    group = parent / f"web-image-ocr-test-{os.getpid()}-{next(_NUMBERS)}"
    try:
        if version_2:
            (parent / "cgroup.subtree_control").write_text(f"+{controller}")
        group.mkdir()
    except OSError as error:
        pytest.skip(f"cannot create a cgroup: {error}")
    try:
        yield group
    finally:
        for folder in (*group.glob("*/"), group):
            folder.rmdir()


def set_limit(group: Path, limits: dict[str, str]) -> Path:
    """Write the first of these files that the cgroup has, and return it."""
    for name, value in limits.items():
        if (file := group / name).exists():
            file.write_text(value)
            return file
    pytest.skip(f"the cgroup has no file {' or '.join(limits)}")
