"""Declare the objects that the composition root passes to the HTTP application."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from web_image_ocr.api.limits.rate_counters import SharedRateCounters
from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.identity import Identity
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.serving.recognizer import Recognizer


class ImageSource(Protocol):
    """Fetch the image behind a ``url``; ``sources.ImageFetcher`` implements it."""

    async def fetch(self, url: str, project_id: str, deadline: Deadline) -> bytes:
        """Return the bytes of the image file, if the project may read it.

        Raises:
            ServiceError: ``SOURCE_…``, ``STORAGE_…`` or ``IMAGE_SIZE``.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """Hold the objects behind the routes.

    Attributes:
        recognizer: recognizes images.
        fetcher: fetches the image behind a ``url``.
        identity: authenticates callers; None (``--no-auth``) accepts any project without
            credentials, serves no ``/v3`` and answers to loopback host names only.
        shared_rate_counters: rate limit counters shared by several servers.
        engine: configuration of the recognizer, shown by ``/v1/service``.
        trusted_proxies: networks in CIDR form whose ``X-Forwarded-For`` is trusted.
        stopping: returns whether a graceful shutdown has begun.
    """

    recognizer: Recognizer
    fetcher: ImageSource
    identity: Identity | None
    shared_rate_counters: SharedRateCounters | None = None
    engine: EngineConfig = field(default_factory=EngineConfig)
    trusted_proxies: tuple[str, ...] = ()
    stopping: Callable[[], bool] = lambda: False
