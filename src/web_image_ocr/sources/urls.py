"""The ``url`` of a request: its syntax checked and its characters made safe to send.

Threat: two readers of one URL disagree about its host (credentials before ``@``,
backslashes, line breaks, number spellings such as ``0x7f.1``), so that one host is
checked and another called. Rule: the URL is taken apart once, here, by a narrower grammar
than the standards allow, and put together anew; what the grammar does not know is
refused. What a name resolves to is not judged here.
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
"""Characters of a URL; pre-signed ones with a session token have about 2,000."""

ANY_PORT = range(1, 65536)
"""For addresses that are only compared, or that the operator named."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]:@%]+)(?::(?P<port>[0-9]{0,5}))?")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_KEPT = "!$&'()*+,/:;=?@[]~%"
"""Characters of path and query sent as they are: RFC 3986's, and ``%`` because what is
encoded already stays as it is; a pre-signed URL must arrive byte for byte."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads.

    Attributes:
        url: what is sent; ASCII only, without fragment.
        host: lower case, in ASCII form (IDNA), without brackets.
        address: the host as an address, when it is written as one.
    """

    url: URL
    host: str
    address: IpAddress | None


def parse_target(text: str, allowed_ports: Collection[int]) -> Target:
    """The target of a URL as a caller wrote it.

    Blanks around it are dropped; raw blanks and characters outside ASCII are
    percent-encoded as UTF-8, in the host by IDNA.

    Raises:
        ServiceError: ``SOURCE_FORBIDDEN`` for a scheme other than http and https, a port
            that is not allowed, credentials, or a form this package does not take.
    """
    text = text.strip(" ")
    if len(text) > MAX_LENGTH or _FORBIDDEN.search(text):
        raise _forbidden("the URL is too long or holds control characters or backslashes")
    try:
        parts = urlsplit(text)
        if parts.scheme not in _DEFAULT_PORTS:
            raise _forbidden("the scheme is neither http nor https")
        authority = _AUTHORITY.fullmatch(parts.netloc)
        if authority is None:
            raise _forbidden("the URL has credentials or no valid host and port")
        host, address = _parse_host(authority["host"])
        port = int(authority["port"] or _DEFAULT_PORTS[parts.scheme])
        path = quote(parts.path, safe=_KEPT) or "/"
        query = f"?{quote(parts.query, safe=_KEPT)}" if parts.query else ""
    except ValueError as error:
        raise _forbidden("the URL is malformed") from error
    if port not in allowed_ports:
        raise _forbidden("the port is not allowed")
    shown = f"[{host}]" if ":" in host else host
    url = URL(f"{parts.scheme}://{shown}:{port}{path}{query}", encoded=True)
    return Target(url, host, address)


def parse_redirect(base: Target, location: str, allowed_ports: Collection[int]) -> Target:
    """The target of a redirect, which may be relative to ``base``; judged like any other."""
    try:
        joined = urljoin(str(base.url), location)
    except ValueError as error:
        raise _forbidden("the redirect is malformed") from error
    return parse_target(joined, allowed_ports)


def _parse_host(written: str) -> tuple[str, IpAddress | None]:
    """A host in ASCII form and, where it is one, as an address.

    Raises:
        ValueError: no name and no address in its plain form. Number spellings other than
            four decimals are no names either, though system libraries take them for
            addresses.
    """
    if written.startswith("["):
        address: IpAddress = ipaddress.IPv6Address(written[1:-1])
        return str(address), address
    host = URL.build(scheme="http", host=written).raw_host
    if not host or not host.rstrip("."):
        raise ValueError("no host")
    host = host.lower()
    if not _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return host, None
    address = ipaddress.IPv4Address(host)
    return str(address), address


def _forbidden(detail: str) -> ServiceError:
    return ServiceError(ErrorKind.SOURCE_FORBIDDEN, detail)
