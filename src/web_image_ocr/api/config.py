"""Configure the limits of the HTTP interface."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from web_image_ocr.api.limits.rate_counters import redis_pool
from web_image_ocr.api.limits.rate_limit import parse_rate


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiConfig:
    """Hold the limits of the HTTP interface.

    Attributes:
        edition: edition of the cloud API: ``2021`` (sides up to 8,192 px, six image formats) or
            ``2025`` (30,000 px, nine formats).
        rate_limit: rate limit per project, such as ``100/minute`` or ``20/second``; unset
            means no limit.
        rate_limit_redis_url: URL of a Redis that counts the calls of all servers with the same
            URL together: ``redis://:password@host:6379/0``, ``rediss://`` for TLS or
            ``unix:///path``. It needs the package redis (``web-image-ocr[redis]``). Empty, or
            while Redis does not answer: each server counts its own calls.
        management_rate_limit: rate limit of the identity API (``/v3``) and the management API
            (``/v1``), such as ``600/minute``; ``""`` in TOML means none. It applies per
            user, and to all unauthenticated calls of one client network. Servers
            that share a Redis count together.
        deadline_s: time limit of one recognition, seconds, including the fetch of a ``url``;
            above 0.
        max_body_bytes: largest request body, bytes, above 0.
        max_bodies_bytes: memory for all request bodies and fetched images, bytes, at least
            ``max_body_bytes``. Decoded images come on top. A call that does not fit is refused
            as overload. Unauthenticated callers get half, but at least one body. A lone
            project gets three quarters. Among unauthenticated callers, a lone network gets half
            of their part, and a lone access key a third. Several get less each.
        body_s: time limit for receiving a body, seconds, above 0.
        body_bytes_per_s: minimum rate of a body, bytes per second; a client that is 10 s behind
            it is refused as too slow. 0 means no minimum.
        drain_bytes: bytes of a refused body that are read and dropped after the answer, so
            that the client sees it; 0 or more.
        drain_s: time limit for ``drain_bytes``, seconds, 0 or more.
        openapi: serve the OpenAPI document at ``/openapi.json``.
    """

    edition: Literal["2021", "2025"] = "2021"
    rate_limit: str = ""
    rate_limit_redis_url: str = field(default="", repr=False)
    management_rate_limit: str = "600/minute"
    deadline_s: float = 60.0
    max_body_bytes: int = 12 * 1024**2
    max_bodies_bytes: int = 256 * 1024**2
    body_s: float = 120.0
    body_bytes_per_s: int = 16 * 1024
    drain_bytes: int = 64 * 1024**2
    drain_s: float = 10.0
    openapi: bool = True

    def __post_init__(self) -> None:
        """Raise ``ValueError`` for values out of range."""
        if self.edition not in {"2021", "2025"}:
            raise ValueError("api.edition must be 2021 or 2025")
        if self.rate_limit:
            parse_rate(self.rate_limit)
        if self.management_rate_limit:
            parse_rate(self.management_rate_limit, "api.management_rate_limit")
        if self.rate_limit_redis_url:
            redis_pool(self.rate_limit_redis_url)
        for name in ("deadline_s", "max_body_bytes", "body_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"api.{name} must be above 0")
        for name in ("body_bytes_per_s", "drain_bytes", "drain_s"):
            if getattr(self, name) < 0:
                raise ValueError(f"api.{name} must be 0 or more")
        if self.max_bodies_bytes < self.max_body_bytes:
            raise ValueError("api.max_bodies_bytes must be at least api.max_body_bytes")
