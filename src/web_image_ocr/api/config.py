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
        edition: the edition of the API that is served: ``2021`` (sides up to 8,192 px,
            seven picture formats) or ``2025`` (30,000 px, ten formats).
        rate_limit: calls one project may make, such as ``100/minute`` or ``20/second``;
            empty means no limit.
        rate_limit_redis_url: URL of a Redis in which all servers that name it count these
            calls together, such as ``redis://:password@host:6379/0``, ``rediss://`` for
            TLS, ``unix:///path``; it needs the package redis (``web-image-ocr[redis]``).
            Empty: each server counts its own, as it does while Redis does not answer.
        management_rate_limit: calls of the identity API (``/v3``) and the management API
            (``/v1``) that one user may make, and unauthenticated calls that one client
            network may make, such as ``600/minute``; empty means no limit. Counted as
            ``rate_limit`` is.
        deadline_s: seconds one recognition may take, the fetch of a ``url`` included,
            above 0.
        max_body_bytes: largest request body, bytes, above 0.
        max_bodies_bytes: all request bodies and fetched images held in memory at one
            moment, bytes, at least ``max_body_bytes``; a call beyond it is refused as
            overload. Unauthenticated callers get half of it, but room for one body. One
            project gets three times what it leaves free; of the unauthenticated half, one
            client network as much as it leaves free, one key used from there half as much.
            What is decoded comes on top.
        body_s: seconds a client may take to send its body, above 0.
        body_bytes_per_s: slowest rate at which a client may send its body, bytes a second;
            one that is 10 s behind it is ended as too slow. 0 means no minimum.
        drain_bytes: how much of a refused body is read and dropped after the answer, so
            that the client sees it, bytes, 0 or more.
        drain_s: seconds spent on that, 0 or more.
        openapi: serve the interface's description at ``/openapi.json``.
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
