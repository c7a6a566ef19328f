"""What the HTTP application is given; it constructs none of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from web_image_ocr.api.limits.rate_counters import SharedRateCounters
from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.identity import Identity
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.serving.recognizer import Recognizer


class PictureSource(Protocol):
    """Where the picture behind a ``url`` comes from; ``sources.ImageFetcher`` is one."""

    async def fetch(self, url: str, project_id: str, deadline: Deadline) -> bytes:
        """The file's bytes, if the project may have them.

        Raises:
            ServiceError: ``SOURCE_…``, ``STORAGE_…`` or ``IMAGE_SIZE``.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """The objects behind the routes.

    Attributes:
        recognizer: reads pictures.
        fetcher: fetches the pictures behind a ``url``.
        identity: who may call; None lets everybody call for any project, serves no
            ``/v3`` and answers to loopback host names only (``--no-auth``).
        shared_rate_counters: where several servers count the calls of a project together.
        engine: what the recognizer was made with; told to callers.
        trusted_proxies: networks in CIDR form whose ``X-Forwarded-For`` is believed.
        stopping: whether the server has been told to stop, and is ready for nothing new.
    """

    recognizer: Recognizer
    fetcher: PictureSource
    identity: Identity | None
    shared_rate_counters: SharedRateCounters | None = None
    engine: EngineConfig = field(default_factory=EngineConfig)
    trusted_proxies: tuple[str, ...] = ()
    stopping: Callable[[], bool] = lambda: False
