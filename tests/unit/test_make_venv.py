"""``scripts/make-venv`` on a Debian that has split venv off."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "make-venv"


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A folder of commands that write down what they were asked to do."""
    folder = tmp_path / "bin"
    folder.mkdir()
    log = tmp_path / "log"
    bodies = {
        "python3": f'echo "python3 $*" >>{log}; case "$*" in *ensurepip*) exit 1;; esac',
        "apt-get": f'echo "apt-get $*" >>{log}; echo "apt-get now" >&2',
    }
    for name, body in bodies.items():
        (folder / name).write_text(f"#!/bin/sh\n{body}\n")
        (folder / name).chmod(0o755)
    return folder


def make_venv(commands: Path, user: int) -> subprocess.CompletedProcess[str]:
    (commands / "id").write_text(f"#!/bin/sh\necho {user}\n")
    (commands / "id").chmod(0o755)
    return subprocess.run(
        ["/bin/sh", str(SCRIPT), "python3", "venv"],
        env={"PATH": str(commands)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_root_is_told_what_is_installed_before_it_is(commands: Path, tmp_path: Path) -> None:
    done = make_venv(commands, user=0)
    assert done.returncode == 0
    first, second, *_ = done.stderr.splitlines()
    assert "python3-venv" in first
    assert second == "apt-get now"
    assert "install -y" in (tmp_path / "log").read_text()


def test_others_are_told_what_to_install(commands: Path, tmp_path: Path) -> None:
    done = make_venv(commands, user=1000)
    assert done.returncode == 1
    assert "as root: apt-get install python3-venv" in done.stderr
    assert "apt-get" not in (tmp_path / "log").read_text()
