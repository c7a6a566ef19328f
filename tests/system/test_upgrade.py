"""Replace the code under a running server, as ``git pull`` does."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

import web_image_ocr
from tests.support.images import encode_image, text_image, to_base64
from tests.support.servers import Server

pytestmark = [pytest.mark.server, pytest.mark.models]

SOON_S = 60.0


def test_new_workers_are_refused_and_old_ones_continue(tmp_path: Path) -> None:
    code = tmp_path / "code"
    package = shutil.copytree(
        Path(web_image_ocr.__file__).parent,
        code / "web_image_ocr",
        ignore=shutil.ignore_patterns("__pycache__"),
    )
    module = package / "engine" / "page.py"
    before = module.read_text()
    log = tmp_path / "serve.log"
    flags = ("serve", "--no-auth", "--port", "0", "--data-dir", str(tmp_path / "data"))
    with (
        log.open("wb") as out,
        subprocess.Popen(
            [sys.executable, "-P", "-m", "web_image_ocr", *flags],
            env={**os.environ, "PYTHONPATH": str(code), "WEB_IMAGE_OCR_SERVING__WORKERS": "1"},
            stdout=out,
            stderr=out,
        ) as process,
    ):
        try:
            server = Server(process, log)
            server.wait_until_ready()
            first, _ = server.workers()
            module.write_text(before.replace("class Page", "class Sheet"))
            os.kill(first, signal.SIGKILL)
            _until(lambda: bool(_refusals(server)))
            for _ in range(3):
                _assert_reads(server)
            time.sleep(1.5)  # another attempt or two, without log records
            (refusal,) = _refusals(server)
            assert refusal["level"] == "error"
            assert "restart the server" in str(refusal["detail"])
            assert refusal["running"] != refusal["installed"]
            (ended,) = server.records("worker ended")
            assert ended["signal"] == "SIGKILL"
            module.write_text(before)
            _until(lambda: len(server.records("worker ready")) == 3)
            assert server.stop() == 0
        finally:
            process.kill()


def _refusals(server: Server) -> list[dict[str, object]]:
    return [x for x in server.records("worker did not start") if x["kind"] == "code_changed"]


def _assert_reads(server: Server) -> None:
    assert httpx.get(f"{server.url}/readyz").status_code == 200
    body = {"image": to_base64(encode_image(text_image("Hello")))}
    answer = httpx.post(f"{server.url}/v2/project/ocr/web-image", json=body, timeout=60)
    assert answer.status_code == 200, answer.text


def _until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + SOON_S
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.1)
