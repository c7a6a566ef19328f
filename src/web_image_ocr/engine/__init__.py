"""Pixels in, a page of text out: detection, alignment, crops, recognition, reading order.

Knows no HTTP and no file formats. ``pipeline`` shows what happens to a picture, stage by stage.
"""

from __future__ import annotations

from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.page import Page, RecognitionOptions, TextLine
from web_image_ocr.engine.pipeline import Engine

__all__ = ["Engine", "EngineConfig", "Page", "RecognitionOptions", "TextLine"]
