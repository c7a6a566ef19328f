"""Check the line and the headers of a request for what the parser lets pass.

Threat: request smuggling. Two programs on the way read another end of a request, or another host,
from the same bytes. Rule: a request that can be read in two ways is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

Headers = list[tuple[bytes, bytes]]

_VERSIONS = frozenset({"1.0", "1.1"})
_ABSOLUTE = re.compile(rb"https?://([^/?#@]+)([/?].*)?", re.IGNORECASE | re.DOTALL)


class BadRequestError(Exception):
    """The request is not HTTP as this server reads it."""


@dataclass(slots=True)
class Head:
    """Holds the line and the headers of a request.

    Attributes:
        version: of HTTP, ``1.0`` or ``1.1``.
        method: as it was sent.
        raw_path: the path as it was sent.
        path: the same, decoded.
        query: what follows the question mark.
        headers: names in lower case, values without blanks around them.
        keep_alive: whether the client wants the connection to go on.
    """

    version: str
    method: str
    raw_path: bytes
    path: str
    query: bytes
    headers: Headers
    keep_alive: bool


def read_head(
    version: str, method: str, target: bytes, headers: Headers, *, keep_alive: bool
) -> Head:
    """Return the head of a request.

    A target in absolute form names the host, and the ``Host`` header is ignored (RFC 9112, 3.2.2).

    Raises:
        BadRequestError: HTTP is neither 1.0 nor 1.1, the host is missing or named twice, the
            transfer coding is not ``chunked``, or the target is an address of another scheme.
    """
    if version not in _VERSIONS:
        raise BadRequestError
    names = [name for name, _ in headers]
    hosts = names.count(b"host")
    if hosts != 1 and (hosts or version != "1.0"):
        raise BadRequestError
    if b"transfer-encoding" in names and not (version == "1.1" and _is_chunked(headers)):
        raise BadRequestError
    if not target.startswith(b"/") and target != b"*" and method != "CONNECT":
        authority, target = _split_absolute(target)
        headers = [(b"host", authority), *(one for one in headers if one[0] != b"host")]
    raw_path, _, query = target.partition(b"?")
    path = raw_path.decode("ascii")
    return Head(
        version=version,
        method=method,
        raw_path=raw_path,
        path=unquote(path) if "%" in path else path,
        query=query,
        headers=headers,
        # HTTP/1.0 has no agreed way to say so, and nothing follows a CONNECT.
        keep_alive=keep_alive and version == "1.1" and method != "CONNECT",
    )


def _is_chunked(headers: Headers) -> bool:
    return all(
        value.lower() == b"chunked" for name, value in headers if name == b"transfer-encoding"
    )


def _split_absolute(target: bytes) -> tuple[bytes, bytes]:
    """Return the authority and the origin form of a target in absolute form."""
    match = _ABSOLUTE.fullmatch(target)
    if match is None:
        raise BadRequestError
    rest: bytes = match[2] or b""
    return match[1], rest if rest.startswith(b"/") else b"/" + rest
