"""A little of ``make fuzz`` against a server, and requests that are known to have hurt others."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fuzz.server import (
    address_of,
    assert_reads,
    by_bytes,
    by_description,
    exchanged,
    troubles,
)
from tests.servers import Service, running_service

pytestmark = [pytest.mark.server, pytest.mark.models]


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("attacked")) as service:
        yield service
        assert troubles(service) == 0
        assert_reads(service)


def test_every_operation_keeps_to_the_description(tmp_path: Path) -> None:
    with running_service(tmp_path) as service:
        bad, sent = by_description(service, seed=3, requests=40)
        assert bad == 0
        assert sent > 300
        assert troubles(service) == 0


def test_no_damaged_request_is_the_servers_fault(attacked: Service) -> None:
    assert by_bytes(attacked, seed=3, requests=300) == 0


GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /v3/auth/tokens HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
GOOD = GET + b"\r\n"

MALFORMED = {
    "chunk size that is no number": CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
    "negative chunk size": CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
    "chunk size of 2^64": CHUNKED + b"10000000000000000\r\n{}\r\n0\r\n\r\n",
    "chunk size of 20 KB of digits": CHUNKED + b"0" * 20_000 + b"2\r\n{}\r\n0\r\n\r\n",
    "endless chunk extension": CHUNKED + b"2;" + b"a" * 200_000,
    "chunk longer than it says": CHUNKED + b"1\r\n{}\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "list of lengths": POST + b"Content-Length: 2, 3\r\n\r\n{}",
    "negative length": POST + b"Content-Length: -2\r\n\r\n{}",
    "length with a sign": POST + b"Content-Length: +2\r\n\r\n{}",
    "length of 10 KB of digits": POST + b"Content-Length: " + b"9" * 10_000 + b"\r\n\r\n{}",
    "coding that nobody knows": POST + b"Transfer-Encoding: xchunked\r\n\r\n{}",
    "coding given twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n{}",
    "blank before a colon": GET + b"X-A : b\r\n\r\n",
    "zero byte in a header": GET + b"X-A: b\0c\r\n\r\n",
    "header without a colon": GET + b"nonsense\r\n\r\n",
    "header without a name": GET + b": b\r\n\r\n",
    "control character in a name": GET + b"X\x01A: b\r\n\r\n",
    "two hosts": GET + GET.partition(b"\r\n")[2] + b"\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "request line without a version": b"GET /healthz\r\n\r\n",
    "TLS to a plain port": bytes.fromhex("16030100c8010000c40303") + bytes(200),
    "only zeros": bytes(1000),
    "zero byte in the path": b"GET /healthz\0 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "host in the method's place": b"http://localhost/ GET HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_request_is_refused(attacked: Service, name: str) -> None:
    """With 400, or by no answer at all; and what stands behind it is never answered well."""
    statuses = exchanged(address_of(attacked), MALFORMED[name] + GOOD, patience_s=0.3)
    assert statuses in ([], [400])


TOO_LARGE = {
    "headers of 1 MB": GET + b"X-A: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "100,000 headers": GET + b"X-A: b\r\n" * 100_000 + b"\r\n",
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_too_large_headers_are_refused(attacked: Service, name: str) -> None:
    """With the gateway's 494, or by no answer at all; what stands behind them is not answered."""
    statuses = exchanged(address_of(attacked), TOO_LARGE[name] + GOOD, patience_s=0.3)
    assert statuses in ([], [494])


ODD = {
    "line ends before a request": b"\r\n" * 1000 + GOOD,
    "line ends without a carriage return": (GET + b"\r\n").replace(b"\r\n", b"\n"),
    "whole address": GOOD.replace(b"/healthz", b"http://elsewhere.example/healthz"),
    "asterisk": GOOD.replace(b"GET /healthz", b"OPTIONS *"),
    "tunnel": GOOD.replace(b"GET /healthz", b"CONNECT localhost:22"),
    "upgrade to version 2": GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    "upgrade to a socket": GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    "version 9.9": GOOD.replace(b"HTTP/1.1", b"HTTP/9.9"),
    "version 2's greeting": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "version 1.0": b"GET /healthz HTTP/1.0\r\n\r\n",
    "method in small letters": GOOD.replace(b"GET", b"get"),
    "method of 5 KB": GOOD.replace(b"GET", b"G" * 5_000),
    "header over two lines": GET + b"X-A: b\r\n c\r\n\r\n",
    "path of 30 KB": GOOD.replace(b"/healthz", b"/" + b"a" * 30_000),
    "path upwards": GOOD.replace(b"/healthz", b"/v2/../../healthz"),
    "encoded zero byte": GOOD.replace(b"/healthz", b"/v2/%00/ocr/web-image"),
    "bytes that are no text": GOOD.replace(b"/healthz", b"/v2/%ff%fe/ocr/web-image"),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_request_gets_an_answer_that_is_not_our_fault(attacked: Service, name: str) -> None:
    statuses = exchanged(address_of(attacked), ODD[name], patience_s=0.1, first_s=10)
    assert statuses
    assert all(100 < status < 500 for status in statuses)


def test_hundreds_of_unfinished_requests_keep_nobody_waiting(attacked: Service) -> None:
    address = address_of(attacked)
    body = json.dumps({"image": "AAAA"}).encode()
    head = f"POST {attacked.path} HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: {attacked.token}\r\n"
    begun = (GET, b"POST ", f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:-1])
    with ExitStack() as stack:
        for number in range(300):
            one = stack.enter_context(socket.create_connection(address))
            one.sendall(begun[number % len(begun)])
        answer = attacked.post({"image": "AAAA"})
    assert (answer.status_code, answer.json()["error_code"]) == (400, "AIS.0102")
