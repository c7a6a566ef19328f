"""Bytes in, pixels out, under limits; the only area that opens outgoing connections."""

from __future__ import annotations

from web_image_ocr.images.config import FILE_LIMIT, Edition, FetchConfig, ImageLimits
from web_image_ocr.images.decode import Picture, decode
from web_image_ocr.images.fetch import Fetcher
from web_image_ocr.images.header import inspect
from web_image_ocr.images.inline import decode_base64
from web_image_ocr.images.readers import Header
from web_image_ocr.images.sniff import ImageFormat

__all__ = [
    "FILE_LIMIT",
    "Edition",
    "FetchConfig",
    "Fetcher",
    "Header",
    "ImageFormat",
    "ImageLimits",
    "Picture",
    "decode",
    "decode_base64",
    "inspect",
]
