"""Check the unit files with systemd, and against the defaults of the settings."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.servers import COMMAND
from web_image_ocr.settings import Settings

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
SERVICE = (UNITS / "web-image-ocr.service").read_text()
_AROUND_S = 9
"""Seconds beyond ``shutdown_s``: last connections, answers and log records."""


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """Return a folder of the unit files, with the path of the command replaced."""
    for unit in UNITS.iterdir():
        text = unit.read_text().replace("/opt/web-image-ocr/.venv/bin/web-image-ocr", COMMAND[0])
        (tmp_path / unit.name).write_text(text)
    return tmp_path


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed"
)


@needs_systemd
def test_systemd_accepts_the_units(units: Path) -> None:
    done = analyze("verify", "--man=no", *map(str, sorted(units.iterdir())))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_the_service_exposes_little(units: Path) -> None:
    service = str(units / "web-image-ocr.service")
    done = analyze("security", "--offline=true", "--threshold=20", service)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr


def test_the_oom_killer_leaves_the_service_running() -> None:
    assert "\nOOMPolicy=continue\n" in SERVICE


def test_the_stop_timeout_exceeds_the_shutdown_time() -> None:
    found = re.search(r"^TimeoutStopSec=(\d+)$", SERVICE, re.MULTILINE)
    assert found
    assert int(found[1]) >= Settings().shutdown_s + _AROUND_S


def test_a_reload_sends_sighup() -> None:
    assert "\nExecReload=/bin/kill -HUP $MAINPID\n" in SERVICE
