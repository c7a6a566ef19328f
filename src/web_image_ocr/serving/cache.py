"""Cache results: a Recognizer in front of a Recognizer that never reads an image twice.

A result depends on the image, the options, and what is fixed while a server runs: the package, its
settings and its models. So an entry cannot become stale, unless somebody replaces a model file
(`ModelFiles`). The cache is never written to disk.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import fields, replace
from pathlib import Path

from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.page import Page, RecognitionOptions
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.serving.page_lru import PageKey, PageLRU
from web_image_ocr.serving.recognizer import Recognizer
from web_image_ocr.serving.single_flight import SingleFlight

STAGE = "cache"
"""The only stage in the timings of a cached or shared result."""

_HASHED_INLINE = 256 * 1024
"""Bytes. Larger images are hashed in a thread: SHA-256 takes about 0.6 ms per megabyte."""


class ResultCache:
    """Cache results of all projects and share identical runs in flight."""

    def __init__(self, recognizer: Recognizer, models: ModelFiles, max_bytes: int) -> None:
        self._recognizer = recognizer
        self._models = models
        self._pages = PageLRU(max_bytes)
        self._runs = SingleFlight()

    async def recognize(
        self, image: bytes, options: RecognitionOptions, deadline: Deadline, project_id: str
    ) -> Page:
        """Return the page from the cache, from an identical run in flight, or from a new run.

        A page that was not recognized for this call has one timing, ``cache``: the seconds
        the call took. Errors are not cached. Projects share nothing, because response times
        would reveal what another project sent. See ``Recognizer.recognize`` and ``Run.page``.
        """
        if self._models.changed():
            self._pages.clear()
            return await self._recognizer.recognize(image, options, deadline, project_id)
        started = time.perf_counter()
        key = PageKey(project_id, await _digest(image), options)
        page = self._pages.get(key)
        if page is None and (run := self._runs.in_flight(key)):
            page = await run.page(deadline)
        if page is not None:
            return replace(page, timings={STAGE: time.perf_counter() - started})

        async def recognize(deadline: Deadline) -> Page:
            page = await self._recognizer.recognize(image, options, deadline, project_id)
            if not self._models.changed():
                self._pages.put(key, page)
            return page

        return await self._runs.start(key, recognize).page(deadline)

    def ready(self) -> bool:
        """Return whether an image that is not cached could be recognized."""
        return self._recognizer.ready()


async def _digest(image: bytes) -> bytes:
    if len(image) <= _HASHED_INLINE:
        return hashlib.sha256(image).digest()
    return (await asyncio.to_thread(hashlib.sha256, image)).digest()


class ModelFiles:
    """Detect that a model file named in the settings changed since this object was made.

    Workers load the files whenever they start. Once a file is replaced, it is unknown which
    model gave a result. Bundled models need no check: workers verify their SHA-256.

    Args:
        config: configuration of the engine; all its paths are model files.
    """

    def __init__(self, config: EngineConfig) -> None:
        values = (getattr(config, field.name) for field in fields(config))
        self._paths = [value for value in values if isinstance(value, Path)]
        self._initial = self._stamps()
        self._changed = False

    def changed(self) -> bool:
        """Return whether a file was ever written, replaced or removed; costs 2 µs per file."""
        self._changed = self._changed or self._stamps() != self._initial
        return self._changed

    def _stamps(self) -> list[tuple[int, ...] | None]:
        return [_stamp(path) for path in self._paths]


def _stamp(path: Path) -> tuple[int, ...] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    # Unlike the modification time, the change time cannot be set back.
    return status.st_dev, status.st_ino, status.st_size, status.st_ctime_ns
