"""Turn pixels into a page of text: detect, align, recognize, order.

Independent of HTTP and of file formats. Start with ``pipeline``, which lists the stages.
"""

from __future__ import annotations

from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.page import Page, RecognitionOptions, TextLine
from web_image_ocr.engine.pipeline import Engine

__all__ = ["Engine", "EngineConfig", "Page", "RecognitionOptions", "TextLine"]
