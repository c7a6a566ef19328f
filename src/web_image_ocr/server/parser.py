"""Parse the HTTP requests of one connection, with limits on headers and chunks.

Threat: algorithmic complexity attacks. Many headers, one-byte chunks or endless chunk extensions
cost the server far more than the client. Rule: the parser is written in C, and its callbacks into
Python are limited.
"""

from __future__ import annotations

from typing import Protocol

import httptools

from web_image_ocr.api.limits.request_head import LINE_BYTES
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.server.request_head import BadRequestError, Headers, RequestHead, validated_head

MAX_HEADERS = 100
"""Of one request, without trailers. Clients send about ten, and proxies add about ten."""

MAX_HEADER_BYTES = 160 * 1024
"""Of an incomplete request line and headers: above the 128 KB that routes allow, so that a request
with 129 KB gets the answer of its route."""

FRAMING_BYTES = 8 * 1024
FRAMING_DIVISOR = 8
"""Chunk sizes, extensions and trailers may take 8 KB plus an eighth of the body. Chunks of one
Base64 line (76 bytes) pass; one-byte chunks do not."""

FEED_BYTES = 4 * 1024
"""Fed to the parser at a time. All of it is parsed, so this bounds the pipelined requests that one
call yields."""


class ParserCallbacks(Protocol):
    """Receive the requests of a connection."""

    def on_request(self, head: RequestHead) -> None:
        """Handle the head of a request."""

    def on_body(self, body: bytes) -> None:
        """Handle a part of its body."""

    def on_end(self) -> None:
        """Handle the end of the request."""


class RequestParser:
    """Parse bytes into requests.

    Attributes:
        in_head: whether the next byte belongs to a request line or headers.
        target: request target, as far as received.
    """

    def __init__(self, callbacks: ParserCallbacks) -> None:
        self.in_head = True
        self.target = b""
        self._callbacks = callbacks
        self._parser = self._new_parser()
        self._skipped: bytes | None = None  # framing header of a body that the parser skips
        self._headers: Headers = []
        self._fed = 0  # bytes since the head began or, in a body, since the head ended
        self._body_bytes = 0
        self._refusal: ServiceError | None = None

    @property
    def head_bytes(self) -> int:
        """Return the size of an incomplete request line and headers; 0 in a body."""
        return self._fed if self.in_head else 0

    def feed(self, data: bytes) -> int:
        """Parse up to ``FEED_BYTES``; return how many bytes were consumed.

        Raises:
            ServiceError: ``HEADERS_TOO_LARGE`` or ``URI_TOO_LONG``.
            BadRequestError: the bytes are not HTTP, or the chunks are too small.
        """
        taken = len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:  # not granted: a normal request
            taken = upgrade.args[0]
            self._read_skipped_body()
        except httptools.HttpParserError:
            raise (self._refusal or BadRequestError()) from None
        self._fed += taken
        if self.in_head:
            if self._fed > MAX_HEADER_BYTES:
                is_line = len(self.target) > LINE_BYTES
                kind = ErrorKind.URI_TOO_LONG if is_line else ErrorKind.HEADERS_TOO_LARGE
                raise ServiceError(kind, f"headers above {MAX_HEADER_BYTES} bytes have not ended")
        elif self._fed - self._body_bytes > FRAMING_BYTES + self._body_bytes // FRAMING_DIVISOR:
            raise BadRequestError
        return taken

    # Callbacks of httptools.

    def on_message_begin(self) -> None:
        """Start a request."""
        self.target = b""
        self._headers = []

    def on_url(self, url: bytes) -> None:
        """Append a part of the target."""
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Append a header; drop trailers, which follow the body."""
        if not self.in_head:
            return
        if len(self._headers) == MAX_HEADERS:
            self._refusal = ServiceError(
                ErrorKind.HEADERS_TOO_LARGE, f"more than {MAX_HEADERS} headers"
            )
            raise self._refusal
        self._headers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        """Validate and pass on the head of a request."""
        parser = self._parser
        if self._skipped is not None:  # was passed on before
            self._skipped = None
            return
        if parser.should_upgrade():
            self._skipped = _framing(self._headers)
        head = validated_head(
            parser.get_http_version(),
            parser.get_method().decode("ascii"),
            self.target,
            self._headers,
            keep_alive=parser.should_keep_alive(),
        )
        self._callbacks.on_request(head)
        self.in_head = False
        self._fed = self._body_bytes = 0

    def on_body(self, body: bytes) -> None:
        """Pass on a part of the body."""
        self._body_bytes += len(body)
        self._callbacks.on_body(body)

    def on_message_complete(self) -> None:
        """Pass on that the request is complete."""
        if self._skipped is not None:
            return
        self.in_head = True
        self._fed = 0
        self._callbacks.on_end()

    def _new_parser(self) -> httptools.HttpRequestParser:
        parser = httptools.HttpRequestParser(self)
        # Data after a request with `Connection: close` is dropped, not an error.
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return parser

    def _read_skipped_body(self) -> None:
        """Parse the body of an upgrade request, which httptools would not.

        Java's client and ``curl --http2`` ask for an upgrade to HTTP/2 with their first request.
        """
        if self._skipped is not None:
            self._parser = self._new_parser()
            self._parser.feed_data(b"POST / HTTP/1.1\r\n" + self._skipped + b"\r\n\r\n")


def _framing(headers: Headers) -> bytes | None:
    """Return the header that frames a request's body; None without a body."""
    for name, value in headers:
        if name == b"transfer-encoding" or (name == b"content-length" and value.strip(b"0")):
            return name + b": " + value
    return None
