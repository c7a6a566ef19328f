"""Parse the ``url`` of a request, and encode its characters for sending.

Threat: parser differential. Two parsers of one URL disagree about its host, so that one host is
checked and another called. Causes are credentials before ``@``, backslashes, line breaks and number
spellings such as ``0x7f.1``.

Rule: the URL is parsed once, here, by a narrower grammar than the standards allow, and rebuilt
from its parts. Anything outside the grammar is refused. Name resolution is not part of this module.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from yarl import URL

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.addresses import IpAddress

MAX_LENGTH = 8192
"""Characters of a URL; pre-signed URLs with a session token have about 2,000."""

ANY_PORT = range(1, 65536)
"""For URLs that are only compared, or that the operator configured."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:@%]+)(?::(?P<port>[0-9]{0,5}))?")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_UNQUOTED = "!$&'()*+,/:;=?@[]~%"
"""Characters of path and query that are sent as they are: those of RFC 3986, and ``%``, because a
pre-signed URL must arrive byte for byte."""


@dataclass(frozen=True, slots=True)
class Target:
    """Hold a parsed URL.

    Attributes:
        url: the URL to send; ASCII, without fragment.
        host: lower case, in ASCII form (IDNA), without brackets.
        address: the address, when the host is a literal address.
    """

    url: URL
    host: str
    address: IpAddress | None


def parse_target(text: str, allowed_ports: Collection[int]) -> Target:
    """Parse a URL as the caller wrote it.

    Surrounding spaces are dropped. Spaces and non-ASCII characters inside are percent-encoded as
    UTF-8, in the host with IDNA.

    Raises:
        ServiceError: ``SOURCE_FORBIDDEN`` for a scheme other than http and https, a port
            that is not allowed, credentials, or any form outside the grammar.
    """
    text = text.strip(" ")
    if len(text) > MAX_LENGTH or _FORBIDDEN.search(text):
        raise _forbidden(
            f"the URL has more than {MAX_LENGTH} characters, a control character or a backslash"
        )
    try:
        parts = urlsplit(text)
        if parts.scheme not in _DEFAULT_PORTS:
            raise _forbidden("the scheme is neither http nor https")
        authority = _AUTHORITY.fullmatch(parts.netloc)
        if authority is None:
            raise _forbidden("the URL has credentials or no valid host and port")
        host, address = _parse_host(authority["host"])
        port = int(authority["port"] or _DEFAULT_PORTS[parts.scheme])
        path = quote(parts.path, safe=_UNQUOTED) or "/"
        query = f"?{quote(parts.query, safe=_UNQUOTED)}" if parts.query else ""
    except ValueError as error:
        raise _forbidden("the URL is malformed") from error
    if port not in allowed_ports:
        raise _forbidden("the port is not allowed")
    bracketed = f"[{host}]" if ":" in host else host
    url = URL(f"{parts.scheme}://{bracketed}:{port}{path}{query}", encoded=True)
    return Target(url, host, address)


def parse_redirect(base: Target, location: str, allowed_ports: Collection[int]) -> Target:
    """Parse a redirect's ``Location``, which may be relative to ``base``. Raise as above."""
    try:
        joined = urljoin(str(base.url), location)
    except ValueError as error:
        raise _forbidden("the redirect is malformed") from error
    return parse_target(joined, allowed_ports)


def _parse_host(text: str) -> tuple[str, IpAddress | None]:
    """Return a host in ASCII form and, when it is a literal address, as an address.

    Raises:
        ValueError: the text is neither a name nor an address in canonical form. Other number
            spellings are refused, because system libraries accept them as addresses.
    """
    if text.startswith("["):
        address: IpAddress = ipaddress.IPv6Address(text[1:-1])
        return str(address), address
    host = URL.build(scheme="http", host=text).raw_host
    if not host or not host.rstrip("."):
        raise ValueError("no host")
    host = host.lower()
    if not _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return host, None
    address = ipaddress.IPv4Address(host)
    return str(address), address


def _forbidden(detail: str) -> ServiceError:
    return ServiceError(ErrorKind.SOURCE_FORBIDDEN, detail)
