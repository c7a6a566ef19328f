"""Cache pages in memory: least recently used first out, bounded in bytes."""

from __future__ import annotations

import pickle
import sys
from dataclasses import dataclass, replace
from typing import NamedTuple

from cachetools import LRUCache

from web_image_ocr.engine.page import Page, RecognitionOptions

ENTRY_BYTES = 640
"""Overhead of an entry beside page, project ID and digest: three objects and a place in three hash
tables. CPython 3.11 takes 330 to 590 bytes, by how full the tables are."""


@dataclass(frozen=True, slots=True)
class PageKey:
    """Identify a result.

    Attributes:
        project_id: project of the call. Projects share no results.
        digest: SHA-256 of the image file.
        options: what the caller asked for.
    """

    project_id: str
    digest: bytes
    options: RecognitionOptions


class _Entry(NamedTuple):
    pickled: bytes
    size: int


class PageLRU:
    """Hold pages by key, pickled: one block of memory each, of known size."""

    def __init__(self, max_bytes: int) -> None:
        self._entries: LRUCache[PageKey, _Entry] = LRUCache(
            max_bytes, getsizeof=lambda entry: entry.size
        )

    @property
    def size(self) -> int:
        """Return the bytes in use, 0 to ``max_bytes``."""
        return int(self._entries.currsize)

    def get(self, key: PageKey) -> Page | None:
        """Return the page without timings, or None; mark it as recently used."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        page: Page = pickle.loads(entry.pickled)  # noqa: S301 - pickled below, never elsewhere
        return page

    def put(self, key: PageKey, page: Page) -> None:
        """Store the page without its timings, unless it alone exceeds the limit."""
        pickled = pickle.dumps(replace(page, timings={}), pickle.HIGHEST_PROTOCOL)
        parts = (pickled, key.project_id, key.digest)
        size = sum(map(sys.getsizeof, parts)) + ENTRY_BYTES
        self._entries.pop(key, None)
        if size <= self._entries.maxsize:
            self._entries[key] = _Entry(pickled, size)

    def clear(self) -> None:
        """Remove all pages."""
        self._entries.clear()
