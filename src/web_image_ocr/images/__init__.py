"""Decode image files to pixels, under limits. Opens no connections."""

from __future__ import annotations

from web_image_ocr.images.config import FILE_LIMIT, Edition, ImageLimits
from web_image_ocr.images.decode import Picture, decode
from web_image_ocr.images.header import inspect
from web_image_ocr.images.inline import decode_base64
from web_image_ocr.images.readers import Header
from web_image_ocr.images.sniff import ImageFormat

__all__ = [
    "FILE_LIMIT",
    "Edition",
    "Header",
    "ImageFormat",
    "ImageLimits",
    "Picture",
    "decode",
    "decode_base64",
    "inspect",
]
