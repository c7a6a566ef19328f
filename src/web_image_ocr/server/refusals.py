"""Answers to requests that were not read to their end."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from web_image_ocr.server.heads import Head


def refused_head(target: bytes) -> Head:
    """Return a head for a request of which only the target, or a part of it, is known."""
    path = target.partition(b"?")[0]
    return Head("1.1", "GET", path, path.decode("latin-1"), b"", [], keep_alive=False)


async def bad_request(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer, as an ASGI application, a request that is not HTTP."""
    body = b"Invalid HTTP request received."
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"content-length", b"%d" % len(body)),
    ]
    await send({"type": "http.response.start", "status": 400, "headers": headers})
    await send({"type": "http.response.body", "body": body})
