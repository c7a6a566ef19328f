"""Start servers together, stop them during a call, kill the worker during a call."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.certificates import self_signed
from tests.support.images import draw_image, encode_image, to_base64
from tests.support.servers import (
    Account,
    Service,
    admin,
    running_server,
    running_service,
    sign_in,
    started_server,
    words,
)

pytestmark = [pytest.mark.server, pytest.mark.models]

# An image that takes a worker more than a second of CPU time.
ROWS = 40
PAGE = encode_image(
    draw_image(
        *(
            ((40 + 700 * column, 40 + 60 * row), f"column {column} and row number {row}")
            for row in range(ROWS)
            for column in range(2)
        ),
        size=(1500, 60 * ROWS + 80),
    )
)
AT_WORK_S = 0.3
"""CPU time that a worker without a job does not use."""


def test_two_servers_on_one_empty_folder_share_one_account(tmp_path: Path) -> None:
    with started_server(tmp_path) as first, started_server(tmp_path) as second:
        for server in (first, second):
            server.wait_until_ready()
        account = Account.of(json.loads((tmp_path / "first-credentials.json").read_text()))
        for kind in ("user", "project", "key"):
            (listed,) = admin(tmp_path, kind, "list").values()
            assert len(listed) == 1, kind
        for issuing, asked in ((first, second), (second, first)):
            with httpx.Client(base_url=issuing.url) as client:
                token = sign_in(client, account).headers["x-subject-token"]
            answer = httpx.post(
                f"{asked.url}/v2/{account.project_id}/ocr/web-image",
                headers={"X-Auth-Token": token},
                json={"image": to_base64(encode_image(draw_image(((60, 60), "Hello World"))))},
                timeout=60,
            )
            assert words(answer.json()["result"]) == ["HelloWorld"]


def test_a_running_call_is_answered_during_shutdown(tmp_path: Path) -> None:
    with running_service(tmp_path) as service, _running_call(service) as (call, _):
        assert service.server.stop() == 0
        _assert_whole(call.result())
        with pytest.raises(httpx.ConnectError):
            service.client.get("/healthz")


def test_an_idle_tls_client_does_not_delay_shutdown(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    flags = ("--tls-cert", str(certificate), "--tls-key", str(key))
    with running_server(tmp_path, *flags) as server, httpx.Client(verify=False) as client:  # noqa: S501
        assert client.get(f"{server.url}/healthz").status_code == 200
        server.process.send_signal(signal.SIGTERM)
        # asyncio alone would wait 30 s for this client, which does not close TLS.
        assert server.process.wait(timeout=20) == 0


def test_a_call_survives_the_worker_that_read_it(tmp_path: Path) -> None:
    with running_service(tmp_path) as service, _running_call(service) as (call, worker):
        os.kill(worker, signal.SIGKILL)
        _assert_whole(call.result())
        assert service.server.records("worker lost")


@contextmanager
def _running_call(service: Service) -> Iterator[tuple[Future[httpx.Response], int]]:
    """Yield a call in progress, and the pid of its worker."""
    workers = service.server.workers()
    before = {pid: _cpu_seconds(pid) for pid in workers}
    with ThreadPoolExecutor(1) as thread:
        call = thread.submit(service.post, {"image": to_base64(PAGE)})
        while True:
            assert not call.done(), "the call was over before its worker was seen at work"
            for pid in workers:
                if _cpu_seconds(pid) - before[pid] > AT_WORK_S:
                    yield call, pid
                    return
            time.sleep(0.01)


def _cpu_seconds(pid: int) -> float:
    # Fields 14 and 15 of proc(5), counted after the name, which may contain anything.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _assert_whole(response: httpx.Response) -> None:
    assert response.status_code == 200, response.text
    result: dict[str, Any] = response.json()["result"]
    assert result["words_block_count"] == 2 * ROWS
