"""Test counted calls: exact after a graceful shutdown, one second lost after SIGKILL."""

from __future__ import annotations

import signal
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from tests.support.servers import Account, Server, initialize, sign_in, started_server
from web_image_ocr.identity import Identity, IdentityConfig, Step, Tally, Window

pytestmark = pytest.mark.server

WITHOUT_IMAGE = {"image": 7}
"""Refused without a worker, so the server need not be ready."""


def counted(data_dir: Path, project_id: str) -> Tally:
    now = datetime.now(UTC)
    window = Window(start=now - timedelta(hours=1), end=now + timedelta(hours=1), step=Step.HOUR)
    with closing(Identity(IdentityConfig(), data_dir, may_create=False)) as identity:
        return identity._usage.read([project_id], window).total


def calling(server: Server, account: Account, seconds: float) -> list[float]:
    """Call sequentially for some seconds after a sign-in; return the responses' times."""
    answered = []
    with httpx.Client(base_url=server.url, timeout=60) as client:
        token = sign_in(client, account).headers["x-subject-token"]
        until = time.monotonic() + seconds  # after the sign-in, which waits for a starting server
        while time.monotonic() < until:
            answer = client.post(
                f"/v2/{account.project_id}/ocr/web-image",
                headers={"X-Auth-Token": token},
                json=WITHOUT_IMAGE,
            )
            assert answer.status_code == 400, answer.text
            answered.append(time.monotonic())
    return answered


def wait_until_it_listens(server: Server) -> None:
    end = time.monotonic() + 90
    while not server.records("listening"):
        assert time.monotonic() < end, server.log_tail()
        assert server.process.poll() is None, server.log_tail()
        time.sleep(0.05)


def test_two_servers_one_of_them_killed(tmp_path: Path) -> None:
    account = Account.of(initialize(tmp_path))
    with started_server(tmp_path) as stopped, started_server(tmp_path) as killed:
        for server in (stopped, killed):
            wait_until_it_listens(server)
        exact = calling(stopped, account, 2)
        assert stopped.stop() == 0, stopped.log_tail()
        assert counted(tmp_path, account.project_id).failures == {(400, "AIS.0101"): len(exact)}

        answered = calling(killed, account, 3)
        killed.process.send_signal(signal.SIGKILL)
        killed_at = time.monotonic()
        killed.process.wait()
        kept = counted(tmp_path, account.project_id).failed - len(exact)
        assert sum(at < killed_at - 1 for at in answered) <= kept <= len(answered)
        assert kept > 0
