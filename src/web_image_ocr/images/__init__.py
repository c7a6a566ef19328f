"""Bytes in, pixels out, under limits; the only area that opens outgoing connections."""

from __future__ import annotations

from web_image_ocr.images.config import FILE_LIMIT, Edition, FetchConfig, ImageLimits
from web_image_ocr.images.decode import Picture, decode
from web_image_ocr.images.header import inspect
from web_image_ocr.images.inline import decode_base64
from web_image_ocr.images.readers import Header
from web_image_ocr.images.sniff import ImageFormat
from web_image_ocr.images.sources import Sources
from web_image_ocr.images.storage_config import StorageConfig, StorageEntry

__all__ = [
    "FILE_LIMIT",
    "Edition",
    "FetchConfig",
    "Header",
    "ImageFormat",
    "ImageLimits",
    "Picture",
    "Sources",
    "StorageConfig",
    "StorageEntry",
    "decode",
    "decode_base64",
    "inspect",
]
