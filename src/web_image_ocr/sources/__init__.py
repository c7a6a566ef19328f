"""Fetch the bytes behind a URL: SSRF guard, redirects, private buckets."""

from __future__ import annotations

from web_image_ocr.sources.config import FetchConfig, StorageConfig, StorageEntry
from web_image_ocr.sources.image_fetcher import ImageFetcher

__all__ = ["FetchConfig", "ImageFetcher", "StorageConfig", "StorageEntry"]
