"""Validate the request line and headers beyond what the parser checks.

Threat: request smuggling. A proxy and this server disagree on where a request ends, or on its host.
Rule: an ambiguous request is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

Headers = list[tuple[bytes, bytes]]

_VERSIONS = frozenset({"1.0", "1.1"})
_ABSOLUTE = re.compile(rb"https?://([^/?#@]+)([/?].*)?", re.IGNORECASE | re.DOTALL)


class BadRequestError(Exception):
    """Report that the bytes are not valid or not unambiguous HTTP."""


@dataclass(slots=True)
class RequestHead:
    """Hold the request line and headers of a request.

    Attributes:
        version: HTTP version, ``1.0`` or ``1.1``.
        method: as sent.
        raw_path: path as sent.
        path: percent-decoded path.
        query: what follows the question mark.
        headers: names in lower case, values stripped.
        keep_alive: whether the client wants to reuse the connection.
    """

    version: str
    method: str
    raw_path: bytes
    path: str
    query: bytes
    headers: Headers
    keep_alive: bool

    @classmethod
    def incomplete(cls, target: bytes) -> RequestHead:
        """Return a head for a refused request, given its target as far as received."""
        path = target.partition(b"?")[0]
        return cls("1.1", "GET", path, path.decode("latin-1"), b"", [], keep_alive=False)

    def scope(self) -> dict[str, Any]:
        """Return this request's part of an ASGI scope."""
        return {
            "http_version": self.version,
            "method": self.method,
            "path": self.path,
            "raw_path": self.raw_path,
            "query_string": self.query,
            "headers": self.headers,
            "state": {},
        }


def validated_head(
    version: str, method: str, target: bytes, headers: Headers, *, keep_alive: bool
) -> RequestHead:
    """Return the validated head of a request.

    A target in absolute form replaces the ``Host`` header (RFC 9112, 3.2.2).

    Raises:
        BadRequestError: HTTP is neither 1.0 nor 1.1, the host is missing or given twice, the
            transfer coding is not ``chunked``, or the target is a URL of another scheme.
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
    return RequestHead(
        version=version,
        method=method,
        raw_path=raw_path,
        path=unquote(path) if "%" in path else path,
        query=query,
        headers=headers,
        # HTTP/1.0 has no standard keep-alive, and no request follows a CONNECT.
        keep_alive=keep_alive and version == "1.1" and method != "CONNECT",
    )


def _is_chunked(headers: Headers) -> bool:
    return all(
        value.lower() == b"chunked" for name, value in headers if name == b"transfer-encoding"
    )


def _split_absolute(target: bytes) -> tuple[bytes, bytes]:
    """Return the authority and the origin form of an absolute-form target."""
    match = _ABSOLUTE.fullmatch(target)
    if match is None:
        raise BadRequestError
    rest: bytes = match[2] or b""
    return match[1], rest if rest.startswith(b"/") else b"/" + rest
