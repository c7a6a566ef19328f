"""Check a request's head: sizes of line and headers, host and origin."""

from __future__ import annotations

import ipaddress
import re

from starlette.types import Scope

from web_image_ocr.primitives.errors import ErrorKind, ServiceError

# The cloud gateway's limits, bytes.
LINE_BYTES = 32 * 1024
HEADER_BYTES = 32 * 1024
ALL_HEADERS_BYTES = 128 * 1024

_REFUSAL = "web_image_ocr.refusal"
"""Key among the scope's extensions."""

_HOST = re.compile(r"(?P<name>[a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")


def mark_refused(scope: Scope, error: ServiceError) -> None:
    """Store the error of a request with an unreadable head, for ``check_refusal``."""
    scope["extensions"] = {_REFUSAL: error}


def check_refusal(scope: Scope) -> None:
    """Raise the error that ``mark_refused`` stored."""
    if error := scope.get("extensions", {}).get(_REFUSAL):
        raise error


def check_sizes(scope: Scope) -> None:
    """Check the request line and the headers against the gateway's limits.

    Raises:
        ServiceError: ``URI_TOO_LONG`` or ``HEADERS_TOO_LARGE``.
    """
    path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    # 11 bytes for two blanks, the question mark and "HTTP/1.1".
    if len(scope["method"]) + len(path) + len(query) + 11 > LINE_BYTES:
        raise ServiceError(ErrorKind.URI_TOO_LONG, "the request line is above 32 KB")
    sizes = [len(name) + len(value) for name, value in scope["headers"]]
    if max(sizes, default=0) > HEADER_BYTES:
        raise ServiceError(ErrorKind.HEADERS_TOO_LARGE, "a header is above 32 KB")
    if sum(sizes) > ALL_HEADERS_BYTES:
        raise ServiceError(ErrorKind.HEADERS_TOO_LARGE, "the headers are above 128 KB")


def check_loopback(scope: Scope) -> None:
    """Refuse DNS rebinding and cross-site requests; used with ``--no-auth``.

    Threat: a page of another site, open in a browser on this machine, calls the server.
    Rule: the ``Host`` is a loopback name, and an ``Origin`` is the server's own.

    Raises:
        ServiceError: ``ORIGIN_FORBIDDEN``.
    """
    hosts = [value for name, value in scope["headers"] if name == b"host"]
    if len(hosts) != 1 or not _is_loopback(hosts[0].decode("latin-1")):
        raise ServiceError(ErrorKind.ORIGIN_FORBIDDEN, "the Host is not a loopback name")
    own = f"{scope['scheme']}://{hosts[0].decode('latin-1')}".lower().encode("latin-1")
    for name, value in scope["headers"]:
        if name == b"origin" and value.lower() != own:
            raise ServiceError(ErrorKind.ORIGIN_FORBIDDEN, "the Origin is another site")


def _is_loopback(host_and_port: str) -> bool:
    match = _HOST.fullmatch(host_and_port.lower())
    if match is None:
        return False
    name = match["name"].strip("[]")
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
