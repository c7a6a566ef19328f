"""Check the secrets, rights and open files of a running server's workers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from tests.support.hidepid import hidepid_command
from tests.support.images import draw_image, encode_image, to_base64
from tests.support.servers import running_server, words

pytestmark = [pytest.mark.server, pytest.mark.models]

NEEDLE = "NEEDLE"
"""A fake password."""


def test_a_worker_has_no_secrets_rights_or_files_of_the_server(tmp_path: Path) -> None:
    secrets = {
        "WEB_IMAGE_OCR_IDENTITY__DATABASE_URL": f"sqlite:///{tmp_path}/{NEEDLE}.db",
        "WEB_IMAGE_OCR_API__RATE_LIMIT": "1000/second",
        "WEB_IMAGE_OCR_API__RATE_LIMIT_REDIS_URL": f"redis://:{NEEDLE}@127.0.0.1:1/0",
        "PGPASSWORD": NEEDLE,
        "AWS_SECRET_ACCESS_KEY": NEEDLE,
        "HTTPS_PROXY": f"http://user:{NEEDLE}@proxy.invalid",
    }
    with running_server(tmp_path, environment=secrets) as server:
        assert NEEDLE in _read(server.process.pid, "environ")
        workers = server.workers()
        hidden = []
        for pid in workers:
            assert NEEDLE not in _read(pid, "cmdline")
            status = _read(pid, "status")
            assert re.search(r"^NoNewPrivs:\s*1$", status, re.MULTILINE)
            assert re.search(r"^Seccomp:\s*2$", status, re.MULTILINE)
            assert int(_read(pid, "oom_score_adj")) >= 500
            assert re.search(r"^Max core file size\s+0\s+0\s", _read(pid, "limits"), re.MULTILINE)
            try:
                environment, files = _read(pid, "environ"), _files(pid)
            except PermissionError:  # expected: a worker is not dumpable
                hidden.append(pid)
                continue
            assert "PATH=" in environment
            assert NEEDLE not in environment
            assert "WEB_IMAGE_OCR" not in environment
            assert sorted(re.sub(r":\[\d+\]$", "", file) for file in files.values()) == [
                *("/dev/null", "/dev/null", "/dev/null", "/dev/null"),
                *("pipe", "socket"),
            ]
        assert not server.records("workers run without a sandbox")
    if hidden:
        assert os.getuid() != 0
        assert hidden == workers, "some workers are dumpable"
        pytest.skip("environment and files of a worker: only root sees them")


@pytest.mark.parametrize("sandbox", [True, False])
def test_images_of_all_formats_are_read_with_and_without_the_sandbox(
    tmp_path: Path, sandbox: bool
) -> None:
    settings = {
        "WEB_IMAGE_OCR_SERVING__SANDBOX": str(sandbox).lower(),
        "WEB_IMAGE_OCR_API__EDITION": "2025",
    }
    image = draw_image(((60, 60), "Hello World"))
    with running_server(tmp_path, "--no-auth", environment=settings) as server:
        path = f"{server.url}/v2/project/ocr/web-image"
        for kind in ("JPEG", "PNG", "BMP", "TIFF", "GIF", "WEBP", "TGA", "PCX", "ICO"):
            for turned in (False, True):
                body = {"image": to_base64(encode_image(image, kind)), "detect_direction": turned}
                answer = httpx.post(path, json=body, timeout=60)
                assert answer.status_code == 200, (kind, answer.text)
                assert words(answer.json()["result"]) == ["HelloWorld"], kind
        assert not server.records("worker ended")
        assert not server.records("workers run without a sandbox")


AS_A_USER = """
import asyncio
from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.images import ImageLimits
from web_image_ocr.serving.installed_code import InstalledCode
from web_image_ocr.serving.messages import Start
from web_image_ocr.serving.process import WorkerProcess

async def main():
    worker = WorkerProcess(Start(EngineConfig(), ImageLimits()), InstalledCode())
    ready = await worker.start()
    print((worker._resident_bytes() or 0) >> 20, repr(ready.unconfined))
    try:
        open(f"/proc/{worker.pid}/environ").read()
    except OSError as error:
        print(type(error).__name__)
    await worker.close()

asyncio.run(main())
"""


AN_ORDINARY_USER = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
READS_THE_ENVIRONMENT = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")


@pytest.mark.skipif(
    os.getuid() != 0 or shutil.which("setpriv") is None, reason="root becomes another user here"
)
def test_an_ordinary_user_sees_the_memory_of_a_worker_and_not_its_environment() -> None:
    """Check a non-dumpable process, most of whose files in /proc belong to root."""
    command = (*AN_ORDINARY_USER, *READS_THE_ENVIRONMENT, sys.executable, "-c", AS_A_USER)
    said = subprocess.check_output(command, text=True).split()
    assert int(said[0]) > 100
    assert said[1:] == ["''", "PermissionError"]


def test_workers_are_replaced_and_killed_where_processes_are_hidden() -> None:
    """Run as in the systemd unit: ordinary user, no new privileges, ``ProtectProc=invisible``."""
    image = encode_image(draw_image(((60, 60), "Hello World")))
    for bound, event in ((64, "worker too large"), (160, "worker replaced")):
        settings = {"WEB_IMAGE_OCR_SERVING__WORKER_MEMORY_BYTES": str(bound << 20)}
        with (
            TemporaryDirectory() as folder,  # only root can enter pytest's folders
            running_server(
                *(Path(folder), "--no-auth"),
                environment=settings,
                wrap=partial(hidepid_command, folder=folder),
            ) as server,
        ):
            httpx.post(
                f"{server.url}/v2/project/ocr/web-image",
                json={"image": to_base64(image)},
                timeout=60,
            )
            assert server.records(event), server.log_tail()
            assert not server.records("memory of workers is not bounded")


def _read(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


def _files(pid: int) -> dict[str, str]:
    """Return the open files of a process by descriptor."""
    folder = f"/proc/{pid}/fd"
    return {number: os.readlink(f"{folder}/{number}") for number in os.listdir(folder)}  # noqa: PTH115, PTH208
