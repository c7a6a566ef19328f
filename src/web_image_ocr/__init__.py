"""Web Image OCR: reads pictures from the web, as a library, a command line and a server."""

from __future__ import annotations

from web_image_ocr.engine import Engine, EngineConfig, Page, RecognitionOptions, TextLine

__all__ = ["Engine", "EngineConfig", "Page", "RecognitionOptions", "TextLine", "__version__"]

__version__ = "0.1.0"
