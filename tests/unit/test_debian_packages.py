"""``scripts/debian-packages``: installs what is missing, or says so, and never fails."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "debian-packages"


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A folder of commands: a Debian that has ``fonts-here`` and lacks all else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    sed = shutil.which("sed")
    assert sed
    (folder / "sed").symlink_to(sed)
    bodies = {
        "dpkg-query": 'echo "fonts-here installed"; echo "fonts-gone not-installed"; exit 1',
        "apt-get": f'echo "apt-get $*" >>{tmp_path / "log"}',
    }
    for name, body in bodies.items():
        write_command(folder / name, body)
    return folder


def write_command(file: Path, body: str) -> None:
    file.write_text(f"#!/bin/sh\n{body}\n")
    file.chmod(0o755)


def install(commands: Path, user: int, *packages: str) -> str:
    """What is said about a list of packages; the script must end well."""
    listed = commands.parent / "list"
    listed.write_text("\n".join(["# fonts of the tests", *packages]))
    write_command(commands / "id", f"echo {user}")
    done = subprocess.run(
        ["/bin/sh", str(SCRIPT), str(listed)],
        env={"PATH": str(commands)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "")
    return done.stderr


def test_nothing_is_done_or_said_when_all_is_there(commands: Path, tmp_path: Path) -> None:
    assert install(commands, 0, "fonts-here") == ""
    assert not (tmp_path / "log").exists()


def test_root_gets_what_is_missing(commands: Path, tmp_path: Path) -> None:
    said = install(commands, 0, "fonts-here", "fonts-gone", "fonts-never-heard-of")
    assert len(said.splitlines()) == 1
    update, installing = (tmp_path / "log").read_text().splitlines()
    assert update.endswith("update")
    assert "install -y --no-install-recommends fonts-gone fonts-never-heard-of" in installing


@pytest.mark.parametrize("user", [0, 1000], ids=["root without network", "another user"])
def test_what_cannot_be_installed_is_named_in_one_line(commands: Path, user: int) -> None:
    write_command(commands / "apt-get", "exit 100")
    said = install(commands, user, "fonts-here", "fonts-gone").splitlines()
    assert said[-1].endswith("as root: apt-get install fonts-gone")
    assert len(said) == (2 if user == 0 else 1)


def test_another_system_is_told_too(commands: Path) -> None:
    for command in ("dpkg-query", "apt-get"):
        (commands / command).unlink()
    assert "apt-get install fonts-here" in install(commands, 0, "fonts-here")
