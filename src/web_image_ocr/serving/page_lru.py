"""Pages kept in memory, bounded in bytes; the least recently used goes first."""

from __future__ import annotations

import pickle
import sys
from dataclasses import dataclass, replace
from typing import NamedTuple

from cachetools import LRUCache

from web_image_ocr.engine.page import Page, RecognitionOptions

ENTRY_BYTES = 640
"""What an entry takes besides its page, its project id and its digest: three small objects
and a place in each of three hash tables. Measured with ``tracemalloc`` on CPython 3.11, while
entries came and went: 330 to 590 bytes, by how full the tables are."""


@dataclass(frozen=True, slots=True)
class PageKey:
    """What an answer depends on.

    Attributes:
        project_id: whose call it is; what one project asked, no other can find out.
        digest: SHA-256 of the picture file.
        options: what the caller asked for.
    """

    project_id: str
    digest: bytes
    options: RecognitionOptions


class _Kept(NamedTuple):
    pickled: bytes
    size: int


class PageLRU:
    """Pages by key, pickled: one block of memory each, whose size is known.

    Args:
        max_bytes: of all entries together, their keys and the tables included.
    """

    def __init__(self, max_bytes: int) -> None:
        self._entries: LRUCache[PageKey, _Kept] = LRUCache(
            max_bytes, getsizeof=lambda kept: kept.size
        )

    @property
    def size(self) -> int:
        """Bytes taken, 0 to ``max_bytes``."""
        return int(self._entries.currsize)

    def get(self, key: PageKey) -> Page | None:
        """The page without timings, or None; it is now the last one to go."""
        kept = self._entries.get(key)
        if kept is None:
            return None
        page: Page = pickle.loads(kept.pickled)  # noqa: S301 - pickled below, never elsewhere
        return page

    def put(self, key: PageKey, page: Page) -> None:
        """Keep the page, without its timings; one that is larger than the bound is not kept."""
        pickled = pickle.dumps(replace(page, timings={}), pickle.HIGHEST_PROTOCOL)
        parts = (pickled, key.project_id, key.digest)
        size = sum(map(sys.getsizeof, parts)) + ENTRY_BYTES
        self._entries.pop(key, None)
        if size <= self._entries.maxsize:
            self._entries[key] = _Kept(pickled, size)

    def clear(self) -> None:
        """Forget all pages."""
        self._entries.clear()
