"""Shut a server down: it answers what was sent before, within its time limits."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.soak.client import Call, Client, Fate, Outcome, request_of
from tests.support.certificates import self_signed
from tests.support.images import draw_image, encode_image, to_base64
from tests.support.servers import Server, running_server

pytestmark = [pytest.mark.server, pytest.mark.models]

PATH = f"/v2/{'0' * 32}/ocr/web-image"
BODY = json.dumps({"image": to_base64(encode_image(draw_image(size=(40, 24))))}).encode()
REQUEST = request_of(PATH, BODY, {"Content-Type": "application/json"})
CROWD = 20
"""Fewer than the queue holds."""
SETTINGS = {"WEB_IMAGE_OCR_SERVING__MAX_WAITING_PER_WORKER": str(2 * CROWD)}


def _place(server: Server) -> tuple[str, int]:
    parts = urlsplit(server.url)
    assert parts.hostname
    assert parts.port
    return parts.hostname, parts.port


def _status(connection: socket.socket) -> int:
    """Return the status of the next answer, which must be complete."""
    response = HTTPResponse(connection)
    response.begin()
    response.read()
    assert response.will_close
    return response.status


def test_clients_in_the_accept_queue_are_answered(tmp_path: Path) -> None:
    certificate, key = self_signed(tmp_path)
    flags = ("--no-auth", "--tls-cert", str(certificate), "--tls-key", str(key))
    with running_server(tmp_path, *flags, environment=SETTINGS) as server, ExitStack() as open_:
        place, pid = _place(server), server.process.pid
        os.kill(pid, signal.SIGSTOP)
        queue = [open_.enter_context(socket.create_connection(place)) for _ in range(CROWD)]
        server.process.send_signal(signal.SIGTERM)
        os.kill(pid, signal.SIGCONT)
        context = ssl._create_unverified_context()  # noqa: S323 - self-signed
        crowd = [open_.enter_context(context.wrap_socket(client)) for client in queue]
        for client in crowd:
            client.sendall(REQUEST)
        assert [_status(client) for client in crowd] == [200] * CROWD
        # None of them closes TLS; asyncio alone would wait 30 s for that.
        assert server.process.wait(timeout=20) == 0


@contextmanager
def _hanging_call(server: Server) -> Iterator[Future[Outcome]]:
    """Yield a call while all workers are stopped."""
    for pid in server.workers():
        os.kill(pid, signal.SIGSTOP)
    with ThreadPoolExecutor(1) as thread:
        client = Client(*_place(server))
        yield thread.submit(client.call, Call(kind="hanging", request=REQUEST))
        client.close()


def _assert_cancelled(call: Future[Outcome]) -> None:
    outcome = call.result(timeout=20)
    assert (outcome.fate, outcome.status) == (Fate.ANSWERED, 503)
    assert outcome.code == "ModelArts.4403"


def test_calls_longer_than_the_shutdown_time_get_an_error(tmp_path: Path) -> None:
    settings = {
        "WEB_IMAGE_OCR_SERVER__SHUTDOWN_S": "1",
        "WEB_IMAGE_OCR_API__DEADLINE_S": "1",
        "WEB_IMAGE_OCR_API__DRAIN_S": "0",  # otherwise the server waits for the rest of the body
    }
    with (
        running_server(tmp_path, "--no-auth", environment=settings) as server,
        socket.create_connection(_place(server), timeout=20) as slow,
    ):
        slow.sendall(REQUEST[:-1])  # the deadline limits recognition, not sending
        server.process.send_signal(signal.SIGTERM)
        with closing(HTTPResponse(slow)) as answer:
            answer.begin()
            assert answer.status == 503
            assert json.loads(answer.read())["error_code"] == "ModelArts.4403"
        assert server.process.wait(timeout=20) == 0


def test_a_second_signal_cancels_running_calls(tmp_path: Path) -> None:
    with (
        running_server(tmp_path, "--no-auth") as server,
        closing(HTTPConnection(*_place(server))) as probe,
        _hanging_call(server) as call,
    ):
        assert _readiness(probe) == (200, "ready")
        server.process.send_signal(signal.SIGTERM)
        end = time.monotonic() + 0.5  # an idle connection is served for a second
        while (said := _readiness(probe)) == (200, "ready"):
            assert time.monotonic() < end
        assert said == (503, "stopping")
        with pytest.raises(TimeoutError):
            call.result(timeout=2)  # the first signal waits for the call
        server.process.send_signal(signal.SIGTERM)
        _assert_cancelled(call)
        assert server.process.wait(timeout=20) == 0


def _readiness(probe: HTTPConnection) -> tuple[int, str]:
    probe.request("GET", "/readyz")
    answer = probe.getresponse()
    return answer.status, json.loads(answer.read())["status"]
