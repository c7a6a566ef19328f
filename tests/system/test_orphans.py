"""A server that is killed leaves no worker behind, whatever its workers do at that moment."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.servers import Server, running, starting
from tests.soak.processes import workers_of

pytestmark = [pytest.mark.server, pytest.mark.models]

SOON_S = 15.0
"""A worker that starts looks for its server once its modules are loaded; two busy cores need
seconds for that."""


def _kill(server: Server) -> None:
    server.process.kill()
    server.process.wait()


def _assert_ended(workers: list[int]) -> None:
    end = time.monotonic() + SOON_S
    while alive := [pid for pid in workers if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < end, alive
        time.sleep(0.02)


def test_workers_that_wait_or_hang_end_with_a_server_that_is_killed(tmp_path: Path) -> None:
    with running(tmp_path, "--no-auth") as server:
        waiting, hanging = server.workers()
        os.kill(hanging, signal.SIGSTOP)  # looks at no pipe and takes no other signal
        _kill(server)
        _assert_ended([waiting, hanging])


def test_workers_that_start_end_with_a_server_that_is_killed(tmp_path: Path) -> None:
    with starting(tmp_path, "--no-auth") as server:
        while not (workers := workers_of(server.process.pid)):
            assert server.process.poll() is None, server.last_words()
            time.sleep(0.01)
        _kill(server)
        _assert_ended(workers)
