"""Stall the reader of the log, rotate the log file, fill its disk."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.servers import COMMAND, free_port, run_command

pytestmark = pytest.mark.server

_PIPE_BYTES = 4096
"""Smallest pipe on Linux: about twelve call records."""
_CALLS = 200
_SMALL_QUEUE = (
    "from web_image_ocr.telemetry import line_writer; line_writer.QUEUED_BYTES = 16384;"
    "from web_image_ocr.cli.main import main; main()"
)
"""Run the command with a queue for about fifty records."""


@dataclass(frozen=True, slots=True)
class Stalled:
    """Hold a server whose standard error is a pipe that nobody reads.

    Attributes:
        process: of the server.
        client: of its address.
        pipe: the other end of its standard error.
    """

    process: subprocess.Popen[bytes]
    client: httpx.Client
    pipe: int

    def call(self, times: int) -> None:
        for _ in range(times):
            assert self.client.get("/v1/service").status_code == 200

    def read_until(self, event: str) -> list[dict[str, Any]]:
        """Return the records up to that event."""
        os.set_blocking(self.pipe, True)
        text = b""
        while f'"{event}"'.encode() not in text or not text.endswith(b"\n"):
            text += os.read(self.pipe, 65536)
        return [json.loads(line) for line in text.splitlines() if line.startswith(b"{")]


@contextlib.contextmanager
def stalled(tmp_path: Path, *command: str, log_file: Path | None = None) -> Iterator[Stalled]:
    fifo, port = tmp_path / "stderr", free_port()
    os.mkfifo(fifo)
    pipe = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    sink = os.open(fifo, os.O_WRONLY)
    with (
        subprocess.Popen(
            [*command, "serve", "--no-auth", "--data-dir", str(tmp_path), "--port", str(port)],
            stderr=sink,
            env=_environment(log_file),
        ) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client,
    ):
        try:
            _wait_until_ready(process, client)
            yield Stalled(process, client, pipe)
        finally:
            process.kill()
            os.close(sink)
            os.close(pipe)


def _environment(log_file: Path | None) -> dict[str, str]:
    kept = {name: v for name, v in os.environ.items() if not name.startswith("WEB_IMAGE_OCR_")}
    kept["WEB_IMAGE_OCR_SERVING__WORKERS"] = "1"
    return kept | ({"WEB_IMAGE_OCR_LOGGING__FILE": str(log_file)} if log_file else {})


def _wait_until_ready(process: subprocess.Popen[bytes], client: httpx.Client) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(httpx.ConnectError):
            if client.get("/readyz").status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError("the server is not ready")


def test_calls_and_shutdown_work_while_nobody_reads_the_log(
    tmp_path: Path,
) -> None:
    with stalled(tmp_path, *COMMAND) as server:
        server.call(_CALLS)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=60) == 0


def test_dropped_records_are_counted_when_the_reader_continues(tmp_path: Path) -> None:
    with stalled(tmp_path, sys.executable, "-c", _SMALL_QUEUE) as server:
        server.call(_CALLS)
        records = server.read_until("log lines dropped")
        calls = [record for record in records if record.get("route") == "/v1/service"]
        (notice,) = [record for record in records if record["event"] == "log lines dropped"]
        assert notice["level"] == "warning"
        assert len(calls) < _CALLS
        assert len(calls) + notice["lines"] >= _CALLS
        server.call(1)
        (after,) = server.read_until("call")
        assert after["route"] == "/v1/service"


def test_direct_writes_of_a_worker_do_not_block(tmp_path: Path) -> None:
    with stalled(tmp_path, *COMMAND) as server:
        server.call(20)  # the pipe is full now
        children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
        pids = children.read_text().split()
        assert pids
        for pid in pids:
            try:
                sink = os.open(f"/proc/{pid}/fd/2", os.O_WRONLY)
            except PermissionError:  # a worker's files in /proc belong to root
                continue
            writing = threading.Thread(target=_write, args=(sink, b"noise\n" * 30_000), daemon=True)
            writing.start()
            writing.join(30)
            assert not writing.is_alive()
        assert server.client.get("/readyz").status_code == 200


def _write(sink: int, data: bytes) -> None:
    with open(sink, "wb") as out:
        out.write(data)


def test_a_log_file_replaces_standard_error(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    with stalled(tmp_path, *COMMAND, log_file=path) as server:
        server.call(1)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=60) == 0
        with pytest.raises(BlockingIOError):
            os.read(server.pipe, 1)
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert "/v1/service" in {record.get("route") for record in records}


def test_a_full_log_disk_stops_nothing(tmp_path: Path) -> None:
    with stalled(tmp_path, *COMMAND, log_file=Path("/dev/full")) as server:
        server.call(_CALLS)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=60) == 0


def test_a_closed_log_pipe_stops_nothing(tmp_path: Path) -> None:
    with stalled(tmp_path, *COMMAND) as server:
        os.dup2(os.open(os.devnull, os.O_RDONLY), server.pipe)  # it was the only reader
        server.call(_CALLS)
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=60) == 0


def test_a_failed_start_reports_on_standard_error(tmp_path: Path) -> None:
    done = run_command("serve", "--no-auth", "--data-dir", str(tmp_path), "--host", "192.0.2.1")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("web-image-ocr: --no-auth serves this machine only")
    assert done.stderr.count("\n") == 1
