"""Run a short ``make fuzz`` against a server, and send requests that broke other servers."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fuzz.server import (
    address_of,
    assert_recognizes,
    count_logged_errors,
    exchange,
    fuzz_by_bytes,
    fuzz_by_schema,
)
from tests.support.servers import Service, running_service

pytestmark = [pytest.mark.server, pytest.mark.models]


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("fuzzed")) as service:
        yield service
        assert count_logged_errors(service) == 0
        assert_recognizes(service)


def test_every_operation_conforms_to_the_schema(tmp_path: Path) -> None:
    with running_service(tmp_path) as service:
        failures, sent = fuzz_by_schema(service, seed=3, requests=40)
        assert failures == 0
        assert sent > 300
        assert count_logged_errors(service) == 0


def test_mutated_requests_cause_no_server_error(fuzzed: Service) -> None:
    assert fuzz_by_bytes(fuzzed, seed=3, requests=300) == 0


GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /v3/auth/tokens HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
VALID = GET + b"\r\n"

MALFORMED = {
    "chunk size that is not a number": CHUNKED + b"zz\r\n{}\r\n0\r\n\r\n",
    "negative chunk size": CHUNKED + b"-2\r\n{}\r\n0\r\n\r\n",
    "chunk size of 2^64": CHUNKED + b"10000000000000000\r\n{}\r\n0\r\n\r\n",
    "chunk size of 20 KB of digits": CHUNKED + b"0" * 20_000 + b"2\r\n{}\r\n0\r\n\r\n",
    "endless chunk extension": CHUNKED + b"2;" + b"a" * 200_000,
    "chunk longer than its size": CHUNKED + b"1\r\n{}\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "list of lengths": POST + b"Content-Length: 2, 3\r\n\r\n{}",
    "negative length": POST + b"Content-Length: -2\r\n\r\n{}",
    "length with a sign": POST + b"Content-Length: +2\r\n\r\n{}",
    "length of 10 KB of digits": POST + b"Content-Length: " + b"9" * 10_000 + b"\r\n\r\n{}",
    "unknown transfer coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n{}",
    "two transfer codings": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n{}",
    "space before a colon": GET + b"X-A : b\r\n\r\n",
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
    "URL in place of the method": b"http://localhost/ GET HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_request_is_refused(fuzzed: Service, name: str) -> None:
    """The response is 400 or none, and a request behind it is not served (request smuggling)."""
    statuses = exchange(address_of(fuzzed), MALFORMED[name] + VALID, wait_s=0.3)
    assert statuses in ([], [400])


TOO_LARGE = {
    "headers of 1 MB": GET + b"X-A: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "100,000 headers": GET + b"X-A: b\r\n" * 100_000 + b"\r\n",
}


@pytest.mark.parametrize("name", TOO_LARGE)
def test_too_large_headers_are_refused(fuzzed: Service, name: str) -> None:
    """The response is the gateway's 494 or none, and a request behind it is not served."""
    statuses = exchange(address_of(fuzzed), TOO_LARGE[name] + VALID, wait_s=0.3)
    assert statuses in ([], [494])


UNUSUAL = {
    "line ends before a request": b"\r\n" * 1000 + VALID,
    "line ends without a carriage return": (GET + b"\r\n").replace(b"\r\n", b"\n"),
    "absolute-form target": VALID.replace(b"/healthz", b"http://elsewhere.example/healthz"),
    "asterisk": VALID.replace(b"GET /healthz", b"OPTIONS *"),
    "CONNECT tunnel": VALID.replace(b"GET /healthz", b"CONNECT localhost:22"),
    "upgrade to HTTP/2": GET + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
    "upgrade to a WebSocket": GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    "HTTP/9.9": VALID.replace(b"HTTP/1.1", b"HTTP/9.9"),
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/1.0": b"GET /healthz HTTP/1.0\r\n\r\n",
    "method in lower case": VALID.replace(b"GET", b"get"),
    "method of 5 KB": VALID.replace(b"GET", b"G" * 5_000),
    "folded header": GET + b"X-A: b\r\n c\r\n\r\n",
    "path of 30 KB": VALID.replace(b"/healthz", b"/" + b"a" * 30_000),
    "path traversal": VALID.replace(b"/healthz", b"/v2/../../healthz"),
    "encoded zero byte": VALID.replace(b"/healthz", b"/v2/%00/ocr/web-image"),
    "path that is not UTF-8": VALID.replace(b"/healthz", b"/v2/%ff%fe/ocr/web-image"),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_request_causes_no_server_error(fuzzed: Service, name: str) -> None:
    statuses = exchange(address_of(fuzzed), UNUSUAL[name], wait_s=0.1, first_s=10)
    assert statuses
    assert all(100 < status < 500 for status in statuses)


def test_hundreds_of_unfinished_requests_do_not_delay_others(fuzzed: Service) -> None:
    address = address_of(fuzzed)
    body = json.dumps({"image": "AAAA"}).encode()
    head = f"POST {fuzzed.path} HTTP/1.1\r\nHost: localhost\r\nX-Auth-Token: {fuzzed.token}\r\n"
    unfinished = (GET, b"POST ", f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:-1])
    with ExitStack() as stack:
        for number in range(300):
            one = stack.enter_context(socket.create_connection(address))
            one.sendall(unfinished[number % len(unfinished)])
        response = fuzzed.post({"image": "AAAA"})
    assert (response.status_code, response.json()["error_code"]) == (400, "AIS.0102")
