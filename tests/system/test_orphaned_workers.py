"""Kill a server: its workers end too, whatever they do."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.soak.processes import workers_of
from tests.support.servers import Server, running_server, started_server

pytestmark = [pytest.mark.server, pytest.mark.models]

SOON_S = 15.0
"""A starting worker checks for its server after its imports, which are slow on busy cores."""


def _kill(server: Server) -> None:
    server.process.kill()
    server.process.wait()


def _assert_ended(workers: list[int]) -> None:
    end = time.monotonic() + SOON_S
    while alive := [pid for pid in workers if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < end, alive
        time.sleep(0.02)


def test_waiting_and_hanging_workers_end_with_a_killed_server(tmp_path: Path) -> None:
    with running_server(tmp_path, "--no-auth") as server:
        waiting, hanging = server.workers()
        os.kill(hanging, signal.SIGSTOP)  # a stopped process reads no pipe and handles no signal
        _kill(server)
        _assert_ended([waiting, hanging])


def test_starting_workers_end_with_a_killed_server(tmp_path: Path) -> None:
    with started_server(tmp_path, "--no-auth") as server:
        while not (workers := workers_of(server.process.pid)):
            assert server.process.poll() is None, server.log_tail()
            time.sleep(0.01)
        _kill(server)
        _assert_ended(workers)
