"""Fetch the bytes behind a URL: address guard, redirects, private buckets."""

from __future__ import annotations

from web_image_ocr.sources.config import FetchConfig
from web_image_ocr.sources.sources import Sources
from web_image_ocr.sources.storage_config import StorageConfig, StorageEntry

__all__ = ["FetchConfig", "Sources", "StorageConfig", "StorageEntry"]
