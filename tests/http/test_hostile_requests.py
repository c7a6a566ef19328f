"""Hostile requests on a real socket are refused and do not delay others."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from urllib.parse import urlsplit

import pytest

from tests.http.conftest import Account
from tests.http.live_server import serve
from tests.http.signing import BODY, signed_headers
from tests.support.api_assertions import PATH
from tests.support.fake_image_source import FakeImageSource
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.api.app import create_app
from web_image_ocr.api.config import ApiConfig
from web_image_ocr.api.dependencies import Dependencies
from web_image_ocr.identity import Identity
from web_image_ocr.server import connection
from web_image_ocr.server.timeouts import REFUSAL_DELAY_S

pytestmark = pytest.mark.slow

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
LAST = HEALTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
CHUNKED = b"Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
POST_CHUNKED = f"POST {PATH} HTTP/1.1\r\n".encode() + CHUNKED
Address = tuple[str, int]


@contextmanager
def _server(identity: Identity | None = None, **settings: float) -> Iterator[Address]:
    app = create_app(
        Dependencies(recognizer=FakeRecognizer(), fetcher=FakeImageSource(), identity=identity),
        ApiConfig(**settings),  # type: ignore[arg-type]
    )
    with serve(app) as url:
        parts = urlsplit(url)
        assert parts.hostname
        assert parts.port
        yield parts.hostname, parts.port


@pytest.fixture(scope="module")
def address() -> Iterator[Address]:
    """Yield the address of a server without authentication."""
    with _server() as address:
        yield address


def _exchange(address: Address, sent: bytes) -> bytes:
    """Return all bytes until the server closes the connection."""
    with closing(socket.create_connection(address, timeout=10)) as connection:
        connection.sendall(sent)
        return _received(connection)


def _received(connection: socket.socket) -> bytes:
    received = b""
    try:
        while part := connection.recv(65536):
            received += part
    except ConnectionResetError:
        pass
    return received


def _takes(connection: socket.socket) -> bool:
    """Return whether one more byte is not answered by a reset."""
    try:
        connection.sendall(b"X")
    except ConnectionError:
        return False
    return True


def _statuses(received: bytes) -> list[int]:
    return [int(answer[:3]) for answer in received.split(b"HTTP/1.1 ")[1:]]


def test_too_many_headers_get_the_gateways_error(address: Address) -> None:
    many = b"POST /nope HTTP/1.1\r\nHost: localhost\r\n" + b"a:b\r\n" * 25_000
    received = _exchange(address, many)
    head, _, body = received.partition(b"\r\n\r\n")
    assert _statuses(received) == [494]
    assert b"\r\nconnection: close" in head
    assert b"\r\nx-request-id: " in head
    assert json.loads(body)["error_code"] == "APIG.0201"


@pytest.mark.parametrize(("begun", "status"), [(b"GET /", 414), (b"GET / HTTP/1.1\r\nX: ", 494)])
def test_a_head_that_does_not_end_gets_the_gateways_error(
    address: Address, begun: bytes, status: int
) -> None:
    assert _statuses(_exchange(address, begun + b"a" * 200_000)) == [status]


def test_tiny_chunks_are_refused(address: Address) -> None:
    received = _exchange(address, POST_CHUNKED + b"1\r\nX\r\n" * 10_000)
    assert _statuses(received) == [400]
    assert b"connection: close" in received


def test_chunks_of_normal_size_are_accepted(address: Address) -> None:
    """Send about 8 MB in lines of Base64, then the call itself, byte by byte."""
    chunks = b"4c\r\n" + b" " * 76 + b"\r\n"
    call = b"".join(b"1\r\n" + BODY[at : at + 1] + b"\r\n" for at in range(len(BODY)))
    with closing(socket.create_connection(address, timeout=10)) as connection:
        connection.sendall(POST_CHUNKED + chunks * 100_000 + call + b"0\r\n\r\n" + HEALTH)
        received = b""
        while b'{"status":"ok"}' not in received:
            part = connection.recv(65536)
            assert part
            received += part
    assert _statuses(received) == [200, 200]


@pytest.mark.parametrize("line", ["POST /nope HTTP/1.1", f"POST {PATH} HTTP/1.1"])
def test_the_body_of_a_caller_refused_by_headers_is_not_parsed(
    identity: Identity, line: str
) -> None:
    """Bytes after the answer are dropped, although they are not a chunk."""
    status = 404 if "nope" in line else 401
    with _server(identity) as address:
        with closing(socket.create_connection(address, timeout=10)) as connection:
            connection.sendall(line.encode() + b"\r\n" + CHUNKED)
            received = _received(connection)  # the server closes its side
            assert _statuses(received) == [status]
            assert b"connection: close" in received
            for _ in range(100):
                connection.sendall(b"not a chunk" * 1000)
        assert _statuses(_exchange(address, LAST)) == [200]


def test_a_connection_whose_request_was_complete_goes_on(identity: Identity) -> None:
    call = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(BODY)}\r\n\r\n"
    with _server(identity) as address:
        received = _exchange(address, call.encode() + BODY + LAST)
    assert _statuses(received) == [401, 200]


def test_draining_is_bounded_in_time_on_a_socket() -> None:
    with _server(drain_s=0.3) as address, closing(socket.create_connection(address)) as connection:
        connection.settimeout(10)
        connection.sendall(b"POST /nope HTTP/1.1\r\n" + CHUNKED)
        assert _statuses(_received(connection)) == [404]
        end = time.monotonic() + 10
        while _takes(connection):
            assert time.monotonic() < end


def test_pipelined_requests_are_answered_in_turn(address: Address) -> None:
    count = 5000
    received = _exchange(address, HEALTH * (count - 1) + LAST + HEALTH)
    assert _statuses(received) == [200] * count


def test_a_malformed_request_is_refused_after_earlier_answers(address: Address) -> None:
    assert _statuses(_exchange(address, HEALTH * 2 + b"GET / HTTP/1.1\nHost: a\n\n")) == [
        200,
        200,
        400,
    ]


def test_a_malformed_body_is_refused_after_earlier_answers(address: Address) -> None:
    sent = HEALTH + POST_CHUNKED + b"5\r\nhello\r\nno chunk\r\n"
    assert _statuses(_exchange(address, sent)) == [200, 400]
    assert _statuses(_exchange(address, POST_CHUNKED + b"5\r\nhello\r\nno chunk\r\n")) == [400]


@pytest.mark.parametrize("headers", [b"no colon\r\n", b"a: b\r\n" * 101])
def test_a_refused_request_is_answered_later(address: Address, headers: bytes) -> None:
    started = time.monotonic()
    statuses = _statuses(_exchange(address, HEALTH.removesuffix(b"\r\n") + headers + b"\r\n"))
    assert statuses in ([400], [494])
    assert time.monotonic() - started >= REFUSAL_DELAY_S


def test_one_iteration_of_the_event_loop_parses_a_part(
    address: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    parse = connection.HttpConnection._parse

    def noted(connection: connection.HttpConnection, data: bytes) -> None:
        before = len(data)
        parse(connection, data)
        sizes.append(before - len(connection._unparsed))

    monkeypatch.setattr(connection.HttpConnection, "_parse", noted)
    body = b" " * 5_000_000 + BODY
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    sent = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    assert _statuses(_exchange(address, sent)) == [200]
    assert sum(sizes) == len(sent)
    assert max(sizes) <= connection.BYTES_PER_TURN


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_may_ask_for_headers_only(address: Address, path: str) -> None:
    sent = f"HEAD {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    head, _, body = _exchange(address, sent.encode()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"\r\ncontent-length: " in head
    assert body == b""


@pytest.mark.parametrize(
    ("authority", "status"), [("localhost", 200), ("127.0.0.1:80", 200), ("example.com", 403)]
)
def test_a_target_in_absolute_form_is_routed_by_its_path(
    address: Address, authority: str, status: int
) -> None:
    """Its host takes precedence over the header."""
    sent = (
        f"GET http://{authority}/healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    assert _statuses(_exchange(address, sent.encode())) == [status]


def test_a_signature_covers_the_path_of_a_target_in_absolute_form(
    identity: Identity, account: Account
) -> None:
    headers = signed_headers(account)
    lines = [f"POST http://localhost{account.path} HTTP/1.1".encode()]
    lines += [name + b": " + value for name, value in headers.items()]
    lines += [b"Connection: close", b"Content-Length: %d" % len(BODY)]
    with _server(identity) as address:
        received = _exchange(address, b"\r\n".join(lines) + b"\r\n\r\n" + BODY)
    assert _statuses(received) == [200]


def test_an_upgrade_is_ignored_without_a_warning(
    address: Address, caplog: pytest.LogCaptureFixture
) -> None:
    ask = b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    with caplog.at_level(logging.DEBUG):
        received = _exchange(address, HEALTH.replace(b"\r\n\r\n", b"\r\n" + ask) + LAST)
    assert _statuses(received) == [200, 200]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_an_upgrade_with_a_body_is_served(address: Address) -> None:
    """Java's client and ``curl --http2`` send such requests."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\n"
    head += f"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\nContent-Length: {len(BODY)}\r\n\r\n"
    assert _statuses(_exchange(address, head.encode() + BODY + LAST)) == [200, 200]
