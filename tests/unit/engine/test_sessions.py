from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from web_image_ocr.engine.sessions import _cgroup_quota, allowed_cores


def test_allowed_cores_is_at_least_one() -> None:
    assert allowed_cores() >= 1


@pytest.mark.parametrize(
    ("content", "cores"),
    [("150000 100000\n", 1.5), ("max 100000\n", None), ("nonsense\n", None), ("0 100000\n", None)],
)
def test_quota_of_control_groups_version_2(
    tmp_path: Path, content: str, cores: float | None
) -> None:
    (tmp_path / "cpu.max").write_text(content, "ascii")
    assert _cgroup_quota(tmp_path) == cores


@pytest.mark.parametrize(("quota", "cores"), [("50000", 0.5), ("-1", None)])
def test_quota_of_control_groups_version_1(tmp_path: Path, quota: str, cores: float | None) -> None:
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(quota, "ascii")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000", "ascii")
    assert _cgroup_quota(tmp_path) == cores


def test_no_control_group_no_quota(tmp_path: Path) -> None:
    assert _cgroup_quota(tmp_path) is None


def test_importing_the_package_loads_no_inference_library() -> None:
    program = "import sys, web_image_ocr; sys.exit('onnxruntime' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
