"""What a worker of a real server has, may, and has not."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.servers import running

pytestmark = [pytest.mark.server, pytest.mark.models]

NEEDLE = "NEEDLE"
"""Stands for a password."""


def test_a_worker_has_no_secret_no_right_and_no_file_of_the_server(tmp_path: Path) -> None:
    secrets = {
        "WEB_IMAGE_OCR_IDENTITY__DATABASE_URL": f"sqlite:///{tmp_path}/{NEEDLE}.db",
        "WEB_IMAGE_OCR_API__RATE_LIMIT": "1000/second",
        "WEB_IMAGE_OCR_API__RATE_LIMIT_REDIS_URL": f"redis://:{NEEDLE}@127.0.0.1:1/0",
        "PGPASSWORD": NEEDLE,
        "AWS_SECRET_ACCESS_KEY": NEEDLE,
        "HTTPS_PROXY": f"http://user:{NEEDLE}@proxy.invalid",
    }
    with running(tmp_path, environment=secrets) as server:
        assert NEEDLE in _read(server.process.pid, "environ")
        for pid in server.workers():
            assert NEEDLE not in _read(pid, "cmdline")
            status = _read(pid, "status")
            assert re.search(r"^NoNewPrivs:\s*1$", status, re.MULTILINE)
            assert int(_read(pid, "oom_score_adj")) >= 500
            assert re.search(r"^Max core file size\s+0\s+0\s", _read(pid, "limits"), re.MULTILINE)
            try:
                environment, files = _read(pid, "environ"), _files(pid)
            except PermissionError:  # as it should be: a worker is not dumpable
                continue
            assert "PATH=" in environment
            assert NEEDLE not in environment
            assert "WEB_IMAGE_OCR" not in environment
            del files["2"]  # standard error: the log's
            assert sorted(re.sub(r":\[\d+\]$", "", file) for file in files.values()) == [
                *("/dev/null", "/dev/null", "pipe", "socket")
            ]


def _read(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


def _files(pid: int) -> dict[str, str]:
    """The files that a process has open, by their numbers."""
    folder = f"/proc/{pid}/fd"
    return {number: os.readlink(f"{folder}/{number}") for number in os.listdir(folder)}  # noqa: PTH115, PTH208
