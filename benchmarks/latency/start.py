"""Part ``start``: measure the start of engines and server until the first result."""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from benchmarks.engines import OURS
from benchmarks.peers.environments import ROOT, command_of
from web_image_ocr.primitives.pixels import Pixels

_RUNS = 5
_TIMEOUT_S = 120.0

_SERVER, _BARE = "server", "bare script"
_BARE_SCRIPT = """
import web_image_ocr.cli.app, web_image_ocr.serving.worker
web_image_ocr.serving.worker.Engine()
print("ready", flush=True)
"""
"""Import the modules of the server and one worker, and load the models, in one process."""


def measure(engines: Sequence[str], pixels: Pixels) -> dict[str, Any]:
    """Return medians of 5 starts: of each engine until its first result, and of the server.

    Returns:
        ``first_picture``: seconds by engine; ``ready``: seconds of the server and the bare script;
        ``server_above_bare_s``: the difference of these two.
    """
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "image.npy"
        np.save(image, pixels)
        first = medians({name: _first_image(name, image) for name in engines})
        ready = medians({_SERVER: lambda: _server(Path(folder) / "data"), _BARE: _bare})
    above = round(ready[_SERVER] - ready[_BARE], 3)
    print(f"first image, s: {first}\nready, s: {ready}, above the bare script {above}")
    return {"runs": _RUNS, "first_picture": first, "ready": ready, "server_above_bare_s": above}


def medians(starts: Mapping[str, Callable[[], float]]) -> dict[str, float]:
    """Return median seconds of each start, in turn, after a round that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in starts}
    for _ in range(1 + _RUNS):  # the first reads files from disk and compiles modules
        for name, start in starts.items():
            seconds[name].append(start())
    return {name: round(median(times[1:]), 3) for name, times in seconds.items()}


def _first_image(engine: str, image: Path) -> Callable[[], float]:
    ours = [sys.executable, "-m", "benchmarks.latency.ours"]
    command = ours if engine == OURS else command_of(engine)
    return lambda: _time_to_first_line([*command, str(image)])


def _bare() -> float:
    return _time_to_first_line([sys.executable, "-c", _BARE_SCRIPT])


def _time_to_first_line(command: Sequence[str]) -> float:
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        seconds = time.perf_counter() - started
        process.stdout.read()
    if not line or process.returncode:
        raise RuntimeError(f"{command[:3]} ended without a response")
    return seconds


def _server(data: Path) -> float:
    """Return seconds until ``/readyz`` answers 200; the first start in a folder adds an account."""
    port = _free_port()
    command = [sys.executable, "-m", "web_image_ocr", "serve", f"--port={port}"]
    started = time.perf_counter()
    process = subprocess.Popen(
        [*command, f"--data-dir={data}"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _is_ready(port):
            if process.poll() is not None or time.perf_counter() - started > _TIMEOUT_S:
                raise RuntimeError(
                    f"the server was not ready within {_TIMEOUT_S:.0f} s, or it ended"
                )
            time.sleep(0.01)
        return time.perf_counter() - started
    finally:
        process.terminate()
        process.wait()


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
