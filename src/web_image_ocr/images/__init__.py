"""Decode image files to pixels, under limits. Opens no connections."""

from __future__ import annotations

from web_image_ocr.images.base64 import decode_base64
from web_image_ocr.images.config import FILE_LIMIT, Edition, ImageLimits
from web_image_ocr.images.decode import DecodedImage, decode
from web_image_ocr.images.formats import Header, ImageFormat
from web_image_ocr.images.header import inspect

__all__ = [
    "FILE_LIMIT",
    "DecodedImage",
    "Edition",
    "Header",
    "ImageFormat",
    "ImageLimits",
    "decode",
    "decode_base64",
    "inspect",
]
