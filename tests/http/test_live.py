"""Behaviour of a real socket: unread bodies, ``Expect: 100-continue``, disconnects."""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from urllib.parse import urlsplit

import pytest

from tests.http.live_server import serve
from tests.support.api_assertions import IMAGE, PATH
from tests.support.fake_image_source import FakeImageSource
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.api.app import create_app
from web_image_ocr.api.config import ApiConfig
from web_image_ocr.api.dependencies import Dependencies
from web_image_ocr.identity import Identity
from web_image_ocr.server import connection_limit, timeouts

pytestmark = pytest.mark.slow

MB = 1024**2
Servers = Callable[..., AbstractContextManager[tuple[str, int]]]


@pytest.fixture
def servers(recognizer: FakeRecognizer) -> Servers:
    """Return a function that starts a server with the given settings."""

    @contextmanager
    def server(identity: Identity | None = None, **settings: object) -> Iterator[tuple[str, int]]:
        app = create_app(
            Dependencies(recognizer=recognizer, fetcher=FakeImageSource(), identity=identity),
            ApiConfig(**settings),  # type: ignore[arg-type]
        )
        with serve(app) as url:
            parts = urlsplit(url)
            assert parts.hostname
            assert parts.port
            yield parts.hostname, parts.port

    return server


def _head(length: int, *more: str) -> bytes:
    lines = [f"POST {PATH} HTTP/1.1", "Host: localhost", f"Content-Length: {length}", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _answer(connection: socket.socket) -> tuple[int, dict[str, object], http.client.HTTPResponse]:
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response.status, json.loads(response.read()), response


@pytest.mark.parametrize("megabytes", [13, 40])
def test_a_client_that_sends_too_much_sees_the_answer(servers: Servers, megabytes: int) -> None:
    with servers() as address, closing(http.client.HTTPConnection(*address)) as connection:
        connection.request("POST", PATH, body=b"x" * (megabytes * MB))
        response = connection.getresponse()
        assert (response.status, json.loads(response.read())["error_code"]) == (413, "APIG.0201")
        # The server drains the rest and closes the connection.
        assert response.headers["connection"] == "close"
        connection.request("POST", PATH, body=json.dumps({"image": IMAGE}))
        assert connection.getresponse().status == 200


def test_a_refused_body_is_dropped_slowly(servers: Servers) -> None:
    """At most 25 MB/s, apart from the system's buffers."""
    head = b"POST /nope HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n"
    with servers() as address, closing(socket.create_connection(address, timeout=20)) as connection:
        connection.sendall(head)
        assert _answer(connection)[0] == 404
        started = time.monotonic()
        for _ in range(40):
            connection.sendall(bytes(MB))
        assert time.monotonic() - started > 0.7


def test_a_refused_body_without_credentials_is_drained(
    servers: Servers, identity: Identity
) -> None:
    with servers(identity) as address, closing(http.client.HTTPConnection(*address)) as connection:
        connection.request("POST", PATH, body=b"x" * (11 * MB))
        assert connection.getresponse().status == 401


def test_draining_is_bounded_in_bytes(servers: Servers) -> None:
    settings = {"drain_bytes": MB, "max_body_bytes": MB, "max_bodies_bytes": MB}
    with servers(**settings) as address, closing(socket.create_connection(address)) as connection:
        connection.sendall(_head(100 * MB))
        connection.sendall(b"x" * (2 * MB))
        status, _, response = _answer(connection)
        assert status == 413
        assert response.headers["connection"] == "close"


def test_draining_is_bounded_in_time(servers: Servers) -> None:
    """Of two servers, the first to close has the shorter ``drain_s``."""
    with servers(drain_s=60) as patient, servers(drain_s=0.2) as hasty, ExitStack() as open_:
        kept, ended = (
            open_.enter_context(closing(socket.create_connection(address)))
            for address in (patient, hasty)
        )
        for connection in (kept, ended):
            connection.sendall(_head(100 * MB) + b"x")
            status, _, response = _answer(connection)
            assert status == 413
            assert response.headers["connection"] == "close"
        _wait_for(lambda: _takes_no_more(ended))
        assert not _takes_no_more(kept)


@pytest.mark.parametrize("expect", ["100-continue", "100-Continue"])
def test_a_client_that_waits_for_100_is_refused_at_once(servers: Servers, expect: str) -> None:
    with servers() as address, closing(socket.create_connection(address)) as connection:
        connection.settimeout(5)
        connection.sendall(_head(100 * MB, f"Expect: {expect}"))
        status, _, _ = _answer(connection)
        assert status == 413


def test_a_client_that_waits_for_100_may_send_a_valid_call(servers: Servers) -> None:
    body = json.dumps({"image": IMAGE}).encode()
    with servers() as address, closing(socket.create_connection(address)) as connection:
        connection.settimeout(5)
        connection.sendall(_head(len(body), "Expect: 100-continue"))
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert _answer(connection)[0] == 200


def test_a_slow_body_is_refused(servers: Servers) -> None:
    settings = {"body_s": 0.2, "drain_s": 0.2}
    with servers(**settings) as address, closing(socket.create_connection(address)) as connection:
        connection.sendall(_head(1000) + b"{")
        status, body, _ = _answer(connection)
        assert (status, body["error_code"]) == (504, "ModelArts.4402")


def test_a_disconnect_cancels_the_recognition(servers: Servers, recognizer: FakeRecognizer) -> None:
    recognizer.seconds = 60
    body = json.dumps({"image": IMAGE}).encode()
    with servers() as address:
        with closing(socket.create_connection(address)) as connection:
            connection.sendall(_head(len(body)) + body)
            _wait_for(lambda: len(recognizer.calls) == 1)
        _wait_for(lambda: recognizer.cancelled == 1)


def test_a_disconnect_within_the_body(servers: Servers) -> None:
    body = json.dumps({"image": IMAGE}).encode()
    with servers() as address:
        with closing(socket.create_connection(address)) as connection:
            connection.sendall(_head(10 * MB) + b"x" * MB)
        with closing(socket.create_connection(address)) as connection:
            connection.sendall(_head(len(body)) + body)
            assert _answer(connection)[0] == 200


def test_long_lines_and_headers_reach_the_table(servers: Servers) -> None:
    with servers() as address:
        for path, headers, status in (
            (PATH + "?" + "a" * 33_000, {}, 414),
            (PATH, {"X-Long": "a" * 33_000}, 494),
            (PATH, {f"X-{n}": "a" * 30_000 for n in range(5)}, 494),
        ):
            with closing(http.client.HTTPConnection(*address)) as connection:
                connection.request("POST", path, body=b"{}", headers=headers)
                response = connection.getresponse()
                assert (response.status, json.loads(response.read())["error_code"]) == (
                    status,
                    "APIG.0201",
                )


def test_two_calls_in_one_packet_are_both_answered(servers: Servers) -> None:
    body = json.dumps({"image": IMAGE}).encode()
    with servers() as address, closing(socket.create_connection(address)) as connection:
        connection.settimeout(5)
        connection.sendall((_head(len(body)) + body) * 2)
        received = b""
        while received.count(b"HTTP/1.1 200") < 2 or not received.endswith(b"}}"):
            received += connection.recv(65536)
        assert received.count(b"HTTP/1.1 200") == 2


def test_a_body_of_two_lengths_ends_the_connection(servers: Servers) -> None:
    """Request smuggling: a proxy may have used the other length."""
    head = _head(4, "Transfer-Encoding: chunked")
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with servers() as address, closing(socket.create_connection(address)) as connection:
        connection.settimeout(5)
        connection.sendall(head + b"2\r\n{}\r\n0\r\n\r\n" + smuggled)
        received = b""
        while part := connection.recv(65536):
            received += part
    assert received.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in received


def test_headers_must_come_in_time(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeouts, "HEADERS_TIMEOUT_S", 0.3)
    with servers() as address:
        for begun in (b"", b"POST ", _head(2)[:-2]):
            with closing(socket.create_connection(address)) as connection:
                connection.settimeout(5)
                connection.sendall(begun)
                assert _is_closed(connection)


def test_slow_headers_must_come_in_time(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeouts, "HEADERS_TIMEOUT_S", 0.5)
    with servers() as address, closing(socket.create_connection(address)) as connection:
        connection.settimeout(0.05)  # one byte after each timeout
        _wait_for(lambda: _is_ended(connection))


def test_a_connection_in_use_is_not_closed(
    servers: Servers, monkeypatch: pytest.MonkeyPatch, recognizer: FakeRecognizer
) -> None:
    """Bodies and answers may take longer than headers, and so may the time between calls."""
    monkeypatch.setattr(timeouts, "HEADERS_TIMEOUT_S", 0.2)
    recognizer.seconds = 0.4
    body = json.dumps({"image": IMAGE}).encode()
    with servers() as address, closing(socket.create_connection(address)) as connection:
        connection.settimeout(5)
        for _ in range(2):
            connection.sendall(_head(len(body)))
            time.sleep(0.4)
            connection.sendall(body)
            assert _answer(connection)[0] == 200
            time.sleep(0.4)


def test_answers_must_be_taken_in_time(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeouts, "WRITE_TIMEOUT_S", 0.3)
    with servers() as address, closing(socket.socket()) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.settimeout(5)
        connection.connect(address)
        requests = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" * 1000
        connection.sendall(requests)  # with more answers than the system buffers
        _wait_for(lambda: _takes_no_more(connection))


def test_at_the_limit_the_longest_idle_connection_is_closed(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limit, "MAX_CONNECTIONS", 3)
    with servers() as address, ExitStack() as open_:

        def connected() -> socket.socket:
            return open_.enter_context(closing(socket.create_connection(address, timeout=5)))

        first = connected()
        assert _serves(first)
        second, third = connected(), connected()
        assert _serves(second)  # it has waited for less time than the third one now
        fourth = connected()
        assert _is_closed(first)
        fifth = connected()
        assert _is_closed(third)
        assert all(_serves(one) for one in (second, fourth, fifth))


def test_idle_connections_do_not_keep_new_ones_out(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limit, "MAX_CONNECTIONS", 4)
    with servers() as address, ExitStack() as open_:
        for _ in range(4):
            idle = open_.enter_context(closing(socket.create_connection(address, timeout=5)))
            assert _serves(idle)
        for _ in range(8):
            with closing(socket.create_connection(address, timeout=5)) as connection:
                assert _serves(connection)


def test_a_call_under_way_keeps_its_connection(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limit, "MAX_CONNECTIONS", 2)
    body = json.dumps({"image": IMAGE}).encode()
    with servers() as address, closing(socket.create_connection(address, timeout=5)) as calling:
        calling.sendall(_head(len(body), "Expect: 100-continue"))
        assert calling.recv(100).startswith(b"HTTP/1.1 100 ")
        for _ in range(5):
            with closing(socket.create_connection(address, timeout=5)) as connection:
                assert _serves(connection)
        calling.sendall(body)
        assert _answer(calling)[0] == 200


def test_a_refused_request_does_not_keep_its_connection(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limit, "MAX_CONNECTIONS", 2)
    monkeypatch.setattr(timeouts, "REFUSAL_DELAY_S", 20.0)
    with servers() as address, ExitStack() as open_:
        for _ in range(4):
            refused = open_.enter_context(closing(socket.create_connection(address, timeout=5)))
            refused.sendall(b"nonsense\r\n\r\n")
        time.sleep(0.2)
        with closing(socket.create_connection(address, timeout=5)) as connection:
            assert _serves(connection)


def test_incomplete_heads_of_a_network_take_a_share_of_the_memory(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limit, "HEADER_MEMORY_BYTES", MB)
    head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000

    with servers() as address, ExitStack() as open_:

        def begun() -> socket.socket:
            connection = open_.enter_context(closing(socket.create_connection(address, timeout=5)))
            connection.sendall(head)
            return connection

        first, second = begun(), begun()
        _wait_for(lambda: _answers_at_once(begun()) == 429)
        with closing(socket.create_connection(address, timeout=5)) as short:
            assert _serves(short)
        for held in (first, second):  # these go on and release their memory when answered
            held.sendall(b"\r\n\r\n")
            assert _answer(held)[0] == 200
        for _ in range(5):
            last = begun()
            last.sendall(b"\r\n\r\n")
            assert _answer(last)[0] == 200


def test_bytes_behind_a_pipelined_request_take_a_share_of_the_memory(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limit, "HEADER_MEMORY_BYTES", 16 * 1024)
    requests = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 5_000
    with servers() as address, closing(socket.create_connection(address, timeout=5)) as connection:
        connection.sendall(requests)
        statuses = list(_pipelined(connection))
        assert statuses[-1] == 429
        assert set(statuses[:-1]) <= {200}
        assert len(statuses) < 5_000


def _pipelined(connection: socket.socket) -> Iterator[int]:
    """Yield the status of each answer until the server closes the connection.

    One buffer for all of them: `http.client` takes one for each answer, and loses the next with it.
    """
    with connection.makefile("rb") as stream:
        while line := stream.readline():
            length = 0
            while header := stream.readline().strip():
                name, _, value = header.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            stream.read(length)
            yield int(line.split()[1])


def _answers_at_once(connection: socket.socket) -> int | None:
    """Return the status of an answer that comes at once."""
    connection.settimeout(0.2)
    try:
        return _answer(connection)[0]
    except TimeoutError:
        return None
    finally:
        connection.close()


def _serves(connection: socket.socket) -> bool:
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return _answer(connection)[0] == 200


def _takes_no_more(connection: socket.socket) -> bool:
    """Return whether one more byte after the close is answered by a reset."""
    try:
        connection.sendall(b"X")
    except ConnectionError:
        return True
    return False


def _is_ended(connection: socket.socket) -> bool:
    """Return whether the peer does not accept one more byte."""
    try:
        connection.sendall(b"X")
        return connection.recv(1000) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def _is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1000) == b""
    except ConnectionResetError:
        return True


def _wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
