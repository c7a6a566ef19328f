"""Parse requests from the bytes of one connection, under limits on what costs per item.

Threat: a client makes the server work out of proportion to what it sends: by many headers, by
chunks of one byte, by endless chunk extensions. Rule: the parser is written in C, and what calls
back into Python is counted.
"""

from __future__ import annotations

from typing import Protocol

import httptools

from web_image_ocr.api.limits.request_head import LINE_BYTES
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.server.heads import BadRequestError, Head, Headers, read_head

MOST_HEADERS = 100
"""Of one request, trailers not counted. Clients send some ten, proxies add as many."""

HEAD_BYTES = 160 * 1024
"""Of a request line and headers that have not ended: above the 128 KB that are allowed, so that
a request of 129 KB gets the answer of its route."""

FRAMING_BYTES = 8 * 1024
FRAMING_PART = 8
"""Sizes, extensions and trailers of chunks may take 8 KB and an eighth of the body. Chunks that
hold a line of Base64 (76 bytes) pass, bodies in chunks of one byte do not."""

PIECE_BYTES = 4 * 1024
"""The most that is fed at once. All of a piece is parsed, so this bounds how many pipelined
requests come of it."""


class Sink(Protocol):
    """Takes the requests of a connection."""

    def on_request(self, head: Head) -> None:
        """Take the head of a request."""

    def on_body(self, body: bytes) -> None:
        """Take a part of its body."""

    def on_end(self) -> None:
        """Note that the request is complete."""


class RequestParser:
    """Turns bytes into requests.

    Args:
        sink: takes each request.

    Attributes:
        in_head: whether the next byte is one of a request line or of headers.
        target: of the request, as far as it has come.
    """

    def __init__(self, sink: Sink) -> None:
        self.in_head = True
        self.target = b""
        self._sink = sink
        self._parser = self._new_parser()
        self._skipped: bytes | None = None  # how the body is framed that the parser skips
        self._headers: Headers = []
        self._fed = 0  # bytes since the head began or, once it has ended, since then
        self._body_bytes = 0
        self._refusal: ServiceError | None = None

    @property
    def head_bytes(self) -> int:
        """Return the size of a request line and headers that have not ended."""
        return self._fed if self.in_head else 0

    def feed(self, piece: bytes) -> int:
        """Parse up to ``PIECE_BYTES``; return how many bytes were taken.

        Raises:
            ServiceError: ``HEADERS_TOO_LARGE`` or ``URI_TOO_LONG``.
            BadRequestError: this is not HTTP, or too many chunks for so little body.
        """
        taken = len(piece)
        try:
            self._parser.feed_data(piece)
        except httptools.HttpParserUpgrade as upgrade:  # is not granted: a request like any other
            taken = upgrade.args[0]
            self._read_skipped_body()
        except httptools.HttpParserError:
            raise (self._refusal or BadRequestError()) from None
        self._fed += taken
        if self.in_head:
            if self._fed > HEAD_BYTES:
                is_line = len(self.target) > LINE_BYTES
                kind = ErrorKind.URI_TOO_LONG if is_line else ErrorKind.HEADERS_TOO_LARGE
                raise ServiceError(kind, f"headers above {HEAD_BYTES} bytes have not ended")
        elif self._fed - self._body_bytes > FRAMING_BYTES + self._body_bytes // FRAMING_PART:
            raise BadRequestError
        return taken

    # What the parser calls.

    def on_message_begin(self) -> None:
        """Start a request."""
        self.target = b""
        self._headers = []

    def on_url(self, url: bytes) -> None:
        """Note a part of the target."""
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note a header; trailers, which come after the body, are dropped."""
        if not self.in_head:
            return
        if len(self._headers) == MOST_HEADERS:
            self._refusal = ServiceError(
                ErrorKind.HEADERS_TOO_LARGE, f"more than {MOST_HEADERS} headers"
            )
            raise self._refusal
        self._headers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """Hand on the head of a request."""
        parser = self._parser
        if self._skipped is not None:  # has been handed on
            self._skipped = None
            return
        if parser.should_upgrade():
            self._skipped = _framing(self._headers)
        head = read_head(
            parser.get_http_version(),
            parser.get_method().decode("ascii"),
            self.target,
            self._headers,
            keep_alive=parser.should_keep_alive(),
        )
        self._sink.on_request(head)
        self.in_head = False
        self._fed = self._body_bytes = 0

    def on_body(self, body: bytes) -> None:
        """Hand on a part of the body."""
        self._body_bytes += len(body)
        self._sink.on_body(body)

    def on_message_complete(self) -> None:
        """Hand on that the request is complete."""
        if self._skipped is not None:
            return
        self.in_head = True
        self._fed = 0
        self._sink.on_end()

    def _new_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        # What follows a request that closes the connection is dropped, not an error.
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return parser

    def _read_skipped_body(self) -> None:
        """Have the body of a request for an upgrade read, which the parser takes for its end.

        Java's client and ``curl --http2`` ask for HTTP/2 with every first request.
        """
        if self._skipped is not None:
            self._parser = self._new_parser()
            self._parser.feed_data(b"POST / HTTP/1.1\r\n" + self._skipped + b"\r\n\r\n")


def _framing(headers: Headers) -> bytes | None:
    """Return the header that says how a request's body is framed; None if it has none."""
    for name, value in headers:
        if name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0")):
            return name + b": " + value
    return None
