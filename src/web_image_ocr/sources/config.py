"""Configure fetching and private buckets."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from web_image_ocr.images.config import FILE_LIMIT
from web_image_ocr.primitives.errors import ServiceError
from web_image_ocr.sources.urls import ANY_PORT, parse_target

EVERY_PROJECT = "*"

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}")
_VISIBLE_ASCII = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchConfig:
    """Limit how and from where the image behind a ``url`` is fetched.

    Attributes:
        allowed_ports: TCP ports that URLs may use, 1 to 65535.
        allowed_hosts: host names that may have any address, including private ones. Every other
            name must have public addresses only.
        allowed_networks: networks such as ``10.1.0.0/16`` that may be connected to although
            they are not public.
        connect_s: seconds to connect, TLS handshake included.
        read_s: seconds to wait for the next bytes of a response.
        total_s: seconds for one image in all, redirects included; never beyond the
            deadline of the call.
        max_bytes: largest file in bytes; above 7,864,320 its Base64 text would exceed
            the 10 MB that the cloud API allows.
        max_redirects: redirects to follow, 0 for none.
        max_concurrent: concurrent fetches; another one is refused at once. A project may run at
            most as many as are left free, so a lone project gets half.
        max_total_bytes: bytes that all concurrent fetches may hold; a fetch that would exceed
            them is refused. Not below ``max_bytes``.
    """

    allowed_ports: tuple[int, ...] = (80, 443)
    allowed_hosts: tuple[str, ...] = ()
    allowed_networks: tuple[str, ...] = ()
    connect_s: float = 5.0
    read_s: float = 5.0
    total_s: float = 10.0
    max_bytes: int = FILE_LIMIT
    max_redirects: int = 5
    max_concurrent: int = 64
    max_total_bytes: int = 128 * 1024 * 1024

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for values out of range."""
        if not all(1 <= port <= 65535 for port in self.allowed_ports):
            raise ValueError("allowed_ports must be 1 to 65535")
        for network in self.allowed_networks:
            ipaddress.ip_network(network)
        if min(self.connect_s, self.read_s, self.total_s) <= 0:
            raise ValueError("connect_s, read_s and total_s must be above 0")
        if min(self.max_bytes, self.max_concurrent) < 1 or self.max_redirects < 0:
            raise ValueError("max_bytes and max_concurrent must be 1 or more, max_redirects 0")
        if self.max_total_bytes < self.max_bytes:
            raise ValueError("max_total_bytes must not be below max_bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageEntry:
    """Configure buckets of one storage that are read with one key.

    Attributes:
        endpoint: URL of the storage, such as ``https://obs.example.com``: http or https,
            host and optional port. The address may be private.
        region: region that the storage expects in signatures.
        access_key: public half of the key. Give the key read access to these buckets only.
        secret_key: secret half of the key; set this or ``secret_key_file``.
        secret_key_file: file with the secret half in its first line, read at the start.
        buckets: bucket names.
        projects: ids of the projects that may read all of these buckets, or ``*`` for every
            project.
    """

    endpoint: str
    region: str = "us-east-1"
    access_key: str = field(repr=False)
    secret_key: str = field(default="", repr=False)
    secret_key_file: Path | None = None
    buckets: tuple[str, ...]
    projects: tuple[str, ...]

    def __post_init__(self) -> None:
        """Raise ``ValueError`` that names all invalid values, but no key."""
        if faults := ", ".join(self._faults()):
            raise ValueError(faults)

    def _faults(self) -> Iterator[str]:
        yield from _endpoint_faults(self.endpoint)
        if not _VISIBLE_ASCII.fullmatch(self.region):
            yield "region must be visible ASCII"
        if not _VISIBLE_ASCII.fullmatch(self.access_key):
            yield "access_key must be visible ASCII"
        if bool(self.secret_key) == bool(self.secret_key_file):
            yield "give exactly one of secret_key and secret_key_file"
        if not self.buckets:
            yield "buckets must name at least one"
        for name in self.buckets:
            if not _BUCKET.fullmatch(name):
                yield f"{name!r} is not a valid bucket name"
        if not (self.projects and all(self.projects)):
            yield "projects must name at least one"

    def allows(self, project_id: str) -> bool:
        """Return whether the project may read these buckets."""
        return EVERY_PROJECT in self.projects or project_id in self.projects


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageConfig:
    """Configure private buckets of S3-compatible storage.

    Attributes:
        entries: private buckets that the server reads with its own keys, each a table
            (see below); needs the package obstore (``web-image-ocr[storage]``).
    """

    entries: tuple[StorageEntry, ...] = ()


def _endpoint_faults(endpoint: str) -> Iterator[str]:
    try:
        url = parse_target(endpoint, ANY_PORT).url
    except ServiceError as error:
        yield f"endpoint: {error.detail}"
        return
    if url.raw_path != "/" or url.raw_query_string or "#" in endpoint:
        yield "endpoint must be scheme, host and port only"
