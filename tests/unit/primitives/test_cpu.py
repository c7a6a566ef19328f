from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cgroups import cgroup, set_limit
from tests.unit.primitives.cgroup_tree import Tree
from web_image_ocr.primitives.cpu import available_cores, has_vnni


@pytest.fixture(autouse=True)
def sixteen_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: set(range(16)))


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return Tree(tmp_path)


@pytest.mark.parametrize(
    ("cpu_max", "cores"),
    [
        *(("max 100000", 16), ("200000 100000", 2), ("150000 100000", 2), ("5000 100000", 1)),
        *(("max", 16), ("", 16), ("-5 7", 16), ("100000 0", 16), ("300000", 3)),
    ],
)
def test_the_quota_of_a_version_2_group_counts(tree: Tree, cpu_max: str, cores: int) -> None:
    tree.mount("", "cgroup2")
    tree.write("cpu.max", cpu_max)
    assert available_cores(tree.process) == cores


@pytest.mark.parametrize(("quota", "cores"), [("-1", 16), ("300000", 3), ("50000", 1)])
def test_the_quota_of_a_version_1_group_counts(tree: Tree, quota: str, cores: int) -> None:
    tree.groups("3:cpu,cpuacct:/service", "0::/")
    tree.mount("cpu,cpuacct", "cpu,cpuacct")
    tree.write("cpu,cpuacct/service/cpu.cfs_quota_us", quota)
    tree.write("cpu,cpuacct/service/cpu.cfs_period_us", "100000")
    assert available_cores(tree.process) == cores


def test_the_smallest_quota_on_the_way_to_the_root_counts(tree: Tree) -> None:
    tree.groups("0::/system.slice/ocr.service/worker")
    tree.mount("", "cgroup2")
    tree.write("system.slice/ocr.service/worker/cpu.max", "400000 100000")
    tree.write("system.slice/ocr.service/cpu.max", "max 100000")
    tree.write("system.slice/cpu.max", "50000 100000")
    assert available_cores(tree.process) == 1
    tree.write("system.slice/cpu.max", "1000000 100000")
    assert available_cores(tree.process) == 4
    tree.write("cpu.max", "300000 100000")
    assert available_cores(tree.process) == 3


def test_a_quota_of_another_group_does_not_count(tree: Tree) -> None:
    tree.groups("0::/here")
    tree.mount("", "cgroup2")
    tree.write("here/cpu.max", "max 100000")
    tree.write("there/cpu.max", "100000 100000")
    tree.write("here/below/cpu.max", "100000 100000")
    assert available_cores(tree.process) == 16


def test_both_versions_of_a_hybrid_machine_count(tree: Tree) -> None:
    tree.groups("2:memory:/", "1:cpu:/a/b", "0::/a/b")
    tree.mount("unified", "cgroup2")
    tree.mount("memory", "memory")
    tree.mount("cpu", "cpu")
    tree.write("cpu/a/cpu.cfs_quota_us", "200000")
    tree.write("cpu/a/cpu.cfs_period_us", "100000")
    assert available_cores(tree.process) == 2
    tree.write("unified/a/b/cpu.max", "100000 100000")
    assert available_cores(tree.process) == 1


@pytest.mark.parametrize(
    ("group", "root"),
    [
        ("/", "/"),  # a private namespace
        ("/docker/1f", "/docker/1f"),  # the host's namespace, its own group mounted
        ("/docker/1f/deeper", "/docker/1f"),  # that does not exist there
        ("/other", "/docker/1f"),
        ("/../1f", "/"),  # outside the namespace
        ("/", "/.."),
    ],
)
def test_the_group_at_the_mount_counts_in_a_container(tree: Tree, group: str, root: str) -> None:
    tree.groups(f"0::{group}")
    tree.mount("", "cgroup2", root)
    tree.write("cpu.max", "200000 100000")
    assert available_cores(tree.process) == 2


def test_without_a_group_affinity_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {3, 5})
    assert available_cores(tmp_path) == 2


IN_A_GROUP = """
import os, sys
from pathlib import Path
os.sched_getaffinity = lambda _pid: set(range(16))
Path(sys.argv[1], "cgroup.procs").write_text(str(os.getpid()))
from web_image_ocr.primitives.cpu import available_cores, has_vnni
print(available_cores())
"""


def test_a_real_quota_of_a_parent_counts() -> None:
    """Half a core for the parent, none for the group itself."""
    with cgroup("cpu") as parent:
        set_limit(parent, {"cpu.max": "50000 100000", "cpu.cfs_quota_us": "50000"})
        group = parent / "below"
        group.mkdir()
        command = [sys.executable, "-c", IN_A_GROUP, str(group)]
        assert subprocess.check_output(command, text=True).strip() == "1"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("processor : 0\nflags : fpu avx512f avx512_vnni sse\n", True),
        ("flags\t\t: fpu avx2 avx_vnni\n", True),
        ("flags : fpu avx2 avx512f avx512_vnnix\n", False),
        ("Features : fp asimd asimddp\n", False),
        ("", False),
    ],
)
def test_vnni_is_detected_from_cpuinfo(content: str, expected: bool, tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(content)
    assert has_vnni(cpuinfo) is expected


def test_without_cpuinfo_there_is_no_vnni(tmp_path: Path) -> None:
    assert not has_vnni(tmp_path / "absent")
