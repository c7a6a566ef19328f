"""The result cache: a Recognizer before a Recognizer that reads no picture twice.

An answer depends on the picture's bytes, on the options, and on what is the same from the
server's start to its end: this package, its settings, its models (``model_files`` watches
those). So an answer kept cannot grow old. Nothing is written to disk.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from dataclasses import replace

from web_image_ocr.engine.page import Page, RecognitionOptions
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.serving.model_files import ModelFiles
from web_image_ocr.serving.page_lru import PageKey, PageLRU
from web_image_ocr.serving.recognizer import Recognizer
from web_image_ocr.serving.single_flight import SingleFlight

STAGE = "cache"
"""The only stage in the timings of an answer that was not read for its caller."""

_HASHED_INLINE = 256 * 1024
"""Bytes; above, hashing goes to a thread. Below it takes 0.15 ms (measured: 0.6 ms a
megabyte, with the processor's own instructions for SHA-256)."""


class ResultCache:
    """Pages read lately, and the runs under way, of all projects.

    Args:
        recognizer: reads what is not kept.
        models: the files behind it.
        max_bytes: what the kept pages may take.
    """

    def __init__(self, recognizer: Recognizer, models: ModelFiles, max_bytes: int) -> None:
        self._recognizer = recognizer
        self._models = models
        self._pages = PageLRU(max_bytes)
        self._runs = SingleFlight()

    async def recognize(
        self, picture: bytes, options: RecognitionOptions, deadline: Deadline, project_id: str
    ) -> Page:
        """The page as it is kept, as another call is having it read, or read now.

        A page that was not read for this call has one timing, ``cache``: the seconds that
        the call took. Errors are not kept. Projects share nothing: the time of an answer
        would tell one what another has asked. See ``Recognizer.recognize`` and ``Run.page``.
        """
        if self._models.changed():
            self._pages.clear()
            return await self._recognizer.recognize(picture, options, deadline, project_id)
        started = time.perf_counter()
        key = PageKey(project_id, await _digest(picture), options)
        page = self._pages.get(key)
        if page is None and (run := self._runs.under_way(key)):
            page = await run.page(deadline)
        if page is not None:
            return replace(page, timings={STAGE: time.perf_counter() - started})

        async def read(deadline: Deadline) -> Page:
            page = await self._recognizer.recognize(picture, options, deadline, project_id)
            if not self._models.changed():
                self._pages.put(key, page)
            return page

        return await self._runs.start(key, read).page(deadline)

    def ready(self) -> bool:
        """Whether a picture that is not kept would be read."""
        return self._recognizer.ready()


async def _digest(picture: bytes) -> bytes:
    if len(picture) <= _HASHED_INLINE:
        return hashlib.sha256(picture).digest()
    return (await asyncio.to_thread(hashlib.sha256, picture)).digest()
