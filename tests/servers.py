"""Servers as a user starts them: by the command, in a process of their own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

COMMAND = (sys.executable, "-m", "web_image_ocr")
_START_LIMIT_S = 90.0
"""A loaded two-core machine needs about ten seconds."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        url: its address, without a slash at the end.
        process: the command's process.
        log: the file that its standard error goes to.
    """

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it by a signal; the exit status."""
        self.process.send_signal(number)
        return self.process.wait(timeout=60)


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """The command ``web-image-ocr``, run to its end."""
    options = {"capture_output": True, "text": True, "timeout": 120, **options}
    return subprocess.run([*COMMAND, *arguments], check=False, **options)


def initialize(data_dir: Path, **environment: str) -> dict[str, Any]:
    """What ``admin init --json`` prints for the folder."""
    done = run(
        "admin", "init", "--data-dir", str(data_dir), "--json", env={**os.environ, **environment}
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def free_port() -> int:
    """A TCP port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(
    data_dir: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    scheme: str = "http",
) -> Iterator[Server]:
    """``web-image-ocr serve`` on a free loopback port, ready to read pictures.

    Args:
        data_dir: the server's folder.
        arguments: further arguments of ``serve``.
        environment: settings as environment variables.
        scheme: ``https`` where the arguments say so; the certificate is not checked.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    port = free_port()
    log = data_dir / "serve.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            [*COMMAND, "serve", "--data-dir", str(data_dir), "--port", str(port), *arguments],
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )
    server = Server(f"{scheme}://127.0.0.1:{port}", process, log)
    try:
        _wait_until_ready(server)
        yield server
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _wait_until_ready(server: Server) -> None:
    end = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < end:
        assert server.process.poll() is None, server.log.read_text()
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{server.url}/readyz", verify=False, timeout=5).status_code == 200:  # noqa: S501
                return
        time.sleep(0.1)
    raise AssertionError(f"not ready after {_START_LIMIT_S} s: {server.log.read_text()}")
