"""Run every command and program shown in the documents unchanged.

Only what differs between readers is filled in: port, folder, account.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers import Server

pytestmark = pytest.mark.server

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]

NOT_RUN = {
    "git clone": "a clone installs itself from the network; `make serve` itself is run below",
    "make check": "this test is part of it",
    "make bench": "needs labelled images, which are not part of the project",
    "python -m benchmarks": "needs labelled images, which are not part of the project",
}


_FENCED = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """Hold a fenced block of a document."""

    name: str
    language: str
    text: str


def _blocks() -> Iterator[Block]:
    for document in DOCUMENTS:
        for number, (language, text) in enumerate(_FENCED.findall(document.read_text()), 1):
            name = f"{document.relative_to(ROOT)}-{number}"
            if not any(start in text for start in NOT_RUN):
                yield Block(name, language, text)


BLOCKS = list(_blocks())


@dataclass(frozen=True, slots=True)
class Setting:
    """Hold what a reader of the documents has at hand."""

    folder: Path
    url: str
    open_url: str
    account: dict[str, Any]

    def filled_in(self, text: str) -> str:
        """Return the text with this reader's values."""
        for shown, own in {
            "http://127.0.0.1:8000/v2/demo": f"{self.open_url}/v2/demo",
            "http://127.0.0.1:8000": self.url,
            "PROJECT=...": f"PROJECT={self.account['project_id']}",
            "read -rsp 'Password: ' PASSWORD": f"PASSWORD={self.account['password']}",
            "ACCESS-KEY": self.account["access_key"],
            "SECRET-KEY": self.account["secret_key"],
            "PROJECT-ID": self.account["project_id"],
            ".venv/bin/": f"{Path(sys.executable).parent}/",
        }.items():
            text = text.replace(shown, own)
        return text


def _environment() -> dict[str, str]:
    """Return our environment without the variables of an outer `make`."""
    return {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}


@contextmanager
def _served(data: Path, arguments: str) -> Iterator[Server]:
    """Start a server with ``make serve`` and stop it at the end."""
    log = data.with_suffix(".log")
    with (
        log.open("wb") as out,
        subprocess.Popen(
            ["make", "-C", str(ROOT), "serve", f"DATA={data}", f"SERVE_ARGS={arguments}"],  # noqa: S607
            env=_environment(),
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        ) as process,
    ):
        server = Server(process, log)
        try:
            server.wait_until_ready()
            yield server
        finally:
            os.killpg(process.pid, signal.SIGTERM)


@pytest.fixture(scope="module")
def setting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Setting]:
    """Start a server with accounts and an open one, in a folder with the source as a clone has."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "src").symlink_to(ROOT / "src")
    with (
        _served(folder / "data", "--port 0") as server,
        _served(folder / "open", "--port 0 --no-auth") as open_server,
    ):
        account = json.loads((folder / "data/first-credentials.json").read_text())
        yield Setting(folder, server.url, open_server.url, account)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.name)
def test_every_shown_command_works(block: Block, setting: Setting) -> None:
    program = setting.filled_in(block.text)
    runner = (
        [sys.executable, "-c"] if block.language == "python" else ["bash", "-euo", "pipefail", "-c"]
    )
    done = subprocess.run(
        [*runner, program],
        cwd=ROOT if block.name.startswith("CONTRIBUTING") else setting.folder,
        env=_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    if "banner.webp" in program:
        assert "AUTUMN TEA FESTIVAL" in done.stdout


def test_no_secret_is_on_a_command_line() -> None:
    """Every user of the machine can see command lines, and shells keep a history."""
    for block in BLOCKS:
        for line in block.text.splitlines():
            assert "PASSWORD=" not in line, block.name
            if "$TOKEN" in line:
                assert re.search(r"@<\(printf '[A-Za-z-]+: %s' \"\$TOKEN\"\)", line), block.name
            if "$PASSWORD" in line:
                assert not re.search(r"curl|-d|--data", line), block.name


def test_the_sample_image_is_part_of_the_repository() -> None:
    shown = {path for block in BLOCKS for path in re.findall(r"[\w/-]+\.webp", block.text)}
    tracked = subprocess.run(
        ["git", "ls-files", *shown],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown
    assert set(tracked.stdout.split()) == shown


def test_the_quick_start_is_what_the_servers_above_run() -> None:
    assert "\nmake serve SERVE_ARGS=--no-auth\n" in (ROOT / "README.md").read_text()


def test_there_are_commands_to_run() -> None:
    assert {block.name.partition("-")[0] for block in BLOCKS} >= {"README.md", "docs/identity.md"}
