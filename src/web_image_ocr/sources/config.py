"""Configuration of fetching."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from web_image_ocr.images.config import FILE_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchConfig:
    """How the pictures behind a ``url`` are fetched, and from where they may come.

    Attributes:
        allowed_ports: TCP ports that may be called, 1 to 65535.
        allowed_hosts: names that may be called whatever addresses they have, private ones
            too; every other name must have public addresses only.
        allowed_networks: networks such as ``10.1.0.0/16`` that may be called although they
            are not public.
        connect_s: seconds to connect, TLS included.
        read_s: seconds to wait for the next bytes of an answer.
        total_s: seconds for one picture in all, redirects included; never beyond the
            deadline of the call.
        max_bytes: size of one file at most; above 7,864,320 its Base64 text would pass
            the 10 MB the contract allows.
        max_redirects: redirects followed at most, 0 for none.
        max_concurrent: fetches under way at most; one more is refused at once, and so is one of
            a project that has as many under way as there is room left for.
        max_total_bytes: bytes held by all fetches under way at most; what would go beyond
            is refused. Not below ``max_bytes``.
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
        """Refuse values that make no sense."""
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
