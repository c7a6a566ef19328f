from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cgroups import cgroup, set_limit
from tests.unit.primitives.cgroup_tree import Tree
from web_image_ocr.primitives.memory import memory_limit, out_of_memory_kills

MIB = 1 << 20


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Return a fake /proc/meminfo with 1 GiB."""
    file = tmp_path / "meminfo"
    file.write_text("MemFree: 7 kB\nMemTotal:        1048576 kB\nSwapTotal: 0 kB\n")
    return file


def found(tree: Tree, machine: Path) -> tuple[int, Path]:
    limit = memory_limit(tree.process, machine)
    assert limit is not None
    return limit.bytes, limit.source


def test_without_a_group_the_machine_is_the_limit(tree: Tree, machine: Path) -> None:
    assert found(tree, machine) == (1024 * MIB, machine)


@pytest.mark.parametrize("content", [None, "", "no number\n", "MemTotal:\n", "MemTotal: x kB\n"])
def test_nothing_is_known_without_the_machine(
    tree: Tree, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "meminfo"
    if content is not None:
        file.write_text(content)
    assert memory_limit(tree.process, file) is None


@pytest.mark.parametrize("name", ["memory.max", "memory.high"])
def test_a_limit_of_version_2_counts(tree: Tree, machine: Path, name: str) -> None:
    tree.mount("", "cgroup2")
    for limit in ("memory.max", "memory.high"):
        tree.write(limit, "max")
    file = tree.write(name, str(512 * MIB))
    assert found(tree, machine) == (512 * MIB, file)


def test_the_smallest_limit_on_the_way_to_the_root_counts(tree: Tree, machine: Path) -> None:
    tree.groups("0::/a/b/c")
    tree.mount("", "cgroup2")
    tree.write("a/b/c/memory.max", str(900 * MIB))
    least = tree.write("a/b/memory.high", str(300 * MIB))
    tree.write("a/memory.max", str(600 * MIB))
    tree.write("memory.max", "max")
    tree.write("other/memory.max", str(MIB))
    assert found(tree, machine) == (300 * MIB, least)


def test_a_limit_of_version_1_counts(tree: Tree, machine: Path) -> None:
    tree.groups("4:memory:/service/below", "0::/")
    tree.mount("unified", "cgroup2")
    tree.mount("memory", "memory")
    tree.write("memory/service/below/memory.limit_in_bytes", "9223372036854771712")
    assert found(tree, machine) == (1024 * MIB, machine)
    file = tree.write("memory/service/memory.limit_in_bytes", str(512 * MIB))
    assert found(tree, machine) == (512 * MIB, file)


def test_kills_are_counted_in_both_versions(tree: Tree) -> None:
    assert out_of_memory_kills(tree.process) == 0
    tree.groups("4:memory:/a", "0::/a")
    tree.mount("unified", "cgroup2")
    tree.mount("memory", "memory")
    tree.write("memory/a/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2")
    assert out_of_memory_kills(tree.process) == 2
    tree.write("unified/a/memory.events", "low 0\nhigh 9\nmax 7\noom 5\noom_kill 3")
    assert out_of_memory_kills(tree.process) == 3


def test_kills_elsewhere_below_a_parent_do_not_count(tree: Tree) -> None:
    tree.groups("4:memory:/slice/service", "0::/slice/service")
    tree.mount("unified", "cgroup2")
    tree.mount("memory", "memory")
    tree.write("unified/slice/service/memory.events", "oom_kill 1")
    tree.write("unified/slice/memory.events", "oom_kill 7")
    tree.write("memory/slice/memory.oom_control", "oom_kill 9")
    assert out_of_memory_kills(tree.process) == 1


IN_A_GROUP = """
import os, sys
from pathlib import Path
Path(sys.argv[1], "cgroup.procs").write_text(str(os.getpid()))
from web_image_ocr.primitives.memory import memory_limit
print(memory_limit())
"""


def test_a_real_limit_of_a_parent_is_found() -> None:
    limit = str(512 * MIB)
    with cgroup("memory") as parent:
        file = set_limit(parent, {"memory.max": limit, "memory.limit_in_bytes": limit})
        group = parent / "below"
        group.mkdir()
        command = [sys.executable, "-c", IN_A_GROUP, str(group)]
        said = subprocess.check_output(command, text=True)
        assert limit in said
        assert str(file) in said
