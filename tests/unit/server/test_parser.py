"""Refuse ambiguous requests (request smuggling), and requests that cost too much to parse."""

from __future__ import annotations

import pytest

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.server.parser import (
    FEED_BYTES,
    FRAMING_BYTES,
    MAX_HEADER_BYTES,
    MAX_HEADERS,
    RequestParser,
)
from web_image_ocr.server.request_head import BadRequestError, RequestHead

HOST = b"Host: a\r\n"
POST = b"POST /x HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


class Requests:
    """Collect the parsed requests."""

    def __init__(self) -> None:
        self.heads: list[RequestHead] = []
        self.bodies: list[bytes] = []
        self.ended = 0

    def on_request(self, head: RequestHead) -> None:
        self.heads.append(head)
        self.bodies.append(b"")

    def on_body(self, body: bytes) -> None:
        self.bodies[-1] += body

    def on_end(self) -> None:
        self.ended += 1


def parsed(data: bytes, size: int = FEED_BYTES) -> Requests:
    """Parse the bytes, fed in pieces of that size."""
    requests = Requests()
    parser = RequestParser(requests)
    at = 0
    while at < len(data):
        at += parser.feed(data[at : at + size])
    return requests


@pytest.mark.parametrize(
    "request_",
    [
        b"GET / HTTP/1.1\nHost: a\n\n",
        b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n",
        b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b": x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X: \0\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"X: \x7f\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
        b"GET / HTTP/1.0\r\n" + HOST + HOST + b"\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/0.9\r\n\r\n",
        b"GET / HTTP/1.2\r\n" + HOST + b"\r\n",
        b"GET / HTTP/2.0\r\n" + HOST + b"\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /\xff HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET a HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET ftp://a/ HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET http:///x HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET http://user@a/ HTTP/1.1\r\n" + HOST + b"\r\n",
        POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
        POST + b"Content-Length: 1, 1\r\n\r\na",
        POST + b"Content-Length: +1\r\n\r\na",
        POST + b"Content-Length: -1\r\n\r\na",
        POST + b"Content-Length: 1 1\r\n\r\na",
        POST + b"Content-Length: \r\n\r\n",
        POST + b"Content-Length: 99999999999999999999999\r\n\r\na",
        POST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: gzip\r\n\r\n",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        CHUNKED + b"1\na\n0\n\n",
        CHUNKED + b"1 \r\na\r\n0\r\n\r\n",
        CHUNKED + b"1;x\ny\r\na\r\n0\r\n\r\n",
        CHUNKED + b"0x1\r\na\r\n0\r\n\r\n",
        CHUNKED + b"-1\r\na\r\n0\r\n\r\n",
        CHUNKED + b"1\r\nab\r\n0\r\n\r\n",
        CHUNKED + b"\r\na\r\n0\r\n\r\n",
        CHUNKED + b"f" * 20 + b"\r\na\r\n0\r\n\r\n",
    ],
)
@pytest.mark.parametrize("size", [1, FEED_BYTES])
def test_ambiguous_requests_are_refused(request_: bytes, size: int) -> None:
    with pytest.raises(BadRequestError):
        parsed(request_ + b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n", size)


@pytest.mark.parametrize("size", [1, 7, FEED_BYTES])
def test_pipelined_requests(size: int) -> None:
    requests = parsed(
        POST
        + b"Content-Length: 3\r\n\r\nabc"
        + CHUNKED
        + b"2\r\nab\r\n1;name=value\r\nc\r\n0\r\nX-Auth-Token: trailer\r\n\r\n\r\n"
        + b"GET /%2Fa%20b?c=d?e HTTP/1.1\r\n"
        + HOST
        + b"X-Blank:\r\nX-Text: \t a b \t\r\n\r\n",
        size,
    )
    assert requests.bodies == [b"abc", b"abc", b""]
    assert requests.ended == 3
    first, second, third = requests.heads
    assert second.headers == [(b"host", b"a"), (b"transfer-encoding", b"chunked")]
    assert (third.raw_path, third.path, third.query) == (b"/%2Fa%20b", "//a b", b"c=d?e")
    assert third.headers == [(b"host", b"a"), (b"x-blank", b""), (b"x-text", b"a b")]
    assert first.keep_alive
    assert second.keep_alive


@pytest.mark.parametrize(
    ("target", "path", "query", "host"),
    [
        (b"http://b:80/p?q", b"/p", b"q", b"b:80"),
        (b"HTTPS://b/p", b"/p", b"", b"b"),
        (b"http://b", b"/", b"", b"b"),
        (b"http://b?q", b"/", b"q", b"b"),
        (b"/http://b/p", b"/http://b/p", b"", b"a"),
        (b"//b/p", b"//b/p", b"", b"a"),
    ],
)
def test_an_absolute_form_target_sets_the_host(
    target: bytes, path: bytes, query: bytes, host: bytes
) -> None:
    (head,) = parsed(b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n").heads
    assert (head.raw_path, head.query) == (path, query)
    assert [value for name, value in head.headers if name == b"host"] == [host]


def test_an_upgrade_is_a_request_like_any_other() -> None:
    upgrade = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    requests = parsed(
        POST
        + upgrade
        + b"Content-Length: 2\r\n\r\nab"
        + b"GET /y HTTP/1.1\r\n"
        + HOST
        + upgrade
        + b"\r\n"
        + b"GET /z HTTP/1.1\r\n"
        + HOST
        + b"\r\n"
    )
    assert [head.path for head in requests.heads] == ["/x", "/y", "/z"]
    assert (requests.bodies[0], requests.ended) == (b"ab", 3)


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
        b"CONNECT a:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    ],
)
def test_requests_that_close_the_connection(head: bytes) -> None:
    (request,) = parsed(head).heads
    assert not request.keep_alive


def test_the_number_of_headers_is_limited() -> None:
    def get(count: int) -> bytes:
        return b"GET / HTTP/1.1\r\n" + HOST + b"a:b\r\n" * (count - 1) + b"\r\n"

    assert len(parsed(get(MAX_HEADERS)).heads) == 1
    with pytest.raises(ServiceError) as refused:
        parsed(get(MAX_HEADERS + 1))
    assert refused.value.kind is ErrorKind.HEADERS_TOO_LARGE


def test_trailers_do_not_count_as_headers() -> None:
    requests = parsed(CHUNKED + b"0\r\n" + b"a: b\r\n" * (MAX_HEADERS + 1) + b"\r\n")
    assert (len(requests.heads[0].headers), requests.ended) == (2, 1)


@pytest.mark.parametrize(
    ("begun", "kind"),
    [
        (b"GET /", ErrorKind.URI_TOO_LONG),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: ", ErrorKind.HEADERS_TOO_LARGE),
    ],
)
def test_an_endless_head_is_refused(begun: bytes, kind: ErrorKind) -> None:
    parsed(begun + b"a" * (MAX_HEADER_BYTES - len(begun)))
    with pytest.raises(ServiceError) as refused:
        parsed(begun + b"a" * MAX_HEADER_BYTES)
    assert refused.value.kind is kind


@pytest.mark.parametrize(
    "framing", [b"1\r\nX\r\n", b"0001\r\nX\r\n", b"1;" + b"e" * 100 + b"\r\nX\r\n"]
)
def test_excessive_chunk_framing_is_refused(framing: bytes) -> None:
    few = FRAMING_BYTES // 2 // len(framing)
    assert parsed(CHUNKED + framing * few + b"0\r\n\r\n").ended == 1
    with pytest.raises(BadRequestError):
        parsed(CHUNKED + framing * (few * 4))


def test_endless_trailers_are_refused() -> None:
    with pytest.raises(BadRequestError):
        parsed(CHUNKED + b"0\r\n" + b"a: b\r\n" * FRAMING_BYTES)


@pytest.mark.parametrize("size", [1, 512, FEED_BYTES])
def test_a_body_in_chunks_of_a_line_of_base64_passes(size: int) -> None:
    line = b"4c\r\n" + b"A" * 76 + b"\r\n"
    count = 3000
    requests = parsed(CHUNKED + line * count + b"0\r\n\r\n", size)
    assert (len(requests.bodies[0]), requests.ended) == (76 * count, 1)
