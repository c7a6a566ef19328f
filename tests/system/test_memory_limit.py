"""Run a server in a control group of 512 MiB."""

from __future__ import annotations

import subprocess
from pathlib import Path

import httpx
import pytest

from tests.support.cgroups import cgroup, set_limit
from tests.support.images import draw_image, encode_image, text_image, to_base64
from tests.support.servers import COMMAND, Server

pytestmark = [pytest.mark.server, pytest.mark.models]

JOIN = 'echo $$ > "$1/cgroup.procs" && shift && exec "$@"'
LIMIT = str(512 << 20)
SIDE = 8000


def test_a_small_group_serves_calls_and_the_log_names_the_missing_memory(tmp_path: Path) -> None:
    """Small images succeed; one that needs too much memory costs workers, not the server."""
    log = tmp_path / "serve.log"
    flags = ("serve", "--no-auth", "--port", "0", "--data-dir", str(tmp_path / "data"))
    with cgroup("memory") as group, log.open("wb") as out:
        set_limit(group, {"memory.max": LIMIT, "memory.limit_in_bytes": LIMIT})
        command = ["sh", "-c", JOIN, "sh", str(group), *COMMAND, *flags]
        with subprocess.Popen(command, stdout=out, stderr=out) as process:
            try:
                server = Server(process, log)
                server.wait_until_ready()
                (warning,) = server.records("memory limit is low")
                assert (warning["workers"], warning["spare_workers"]) == (1, 0)
                assert str(group) in warning["limit_from"]
                assert [_status(server, encode_image(text_image("Hello"))) for _ in range(3)] == [
                    200
                ] * 3
                assert not server.records("worker ended")
                assert _status(server, _large()) == 503
                ended = server.records("worker ended")
                assert {record["signal"] for record in ended} == {"SIGKILL"}
                assert all(record["hint"].startswith("out of memory") for record in ended)
                assert _status(server, encode_image(text_image("Hello"))) == 200
                assert server.stop() == 0
            finally:
                process.kill()


def _status(server: Server, image: bytes) -> int:
    path = f"{server.url}/v2/project/ocr/web-image"
    return httpx.post(path, json={"image": to_base64(image)}, timeout=90).status_code


def _large() -> bytes:
    """Return an image full of text, which needs about 1 GB in a worker."""
    rows = [
        ((40 + 700 * column, 40 + 60 * row), f"column {column}, row {row}")
        for row in range(SIDE // 60 - 2)
        for column in range(SIDE // 700)
    ]
    return encode_image(draw_image(*rows, size=(SIDE, SIDE)))
