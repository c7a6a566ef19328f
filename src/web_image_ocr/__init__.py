"""Recognize text in web images: as a library, on the command line, or as a server."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from web_image_ocr.primitives.onnxruntime_telemetry import disable_onnxruntime_telemetry

if TYPE_CHECKING:
    from web_image_ocr.engine.config import EngineConfig
    from web_image_ocr.engine.page import Page, RecognitionOptions, TextLine
    from web_image_ocr.engine.pipeline import Engine
    from web_image_ocr.images import ImageLimits, decode
    from web_image_ocr.primitives.memory import keep_freed_memory

__all__ = [
    "Engine",
    "EngineConfig",
    "ImageLimits",
    "Page",
    "RecognitionOptions",
    "TextLine",
    "__version__",
    "decode",
    "keep_freed_memory",
]

__version__ = "0.2.0"

disable_onnxruntime_telemetry()  # before any module of the package imports the library

if not TYPE_CHECKING:
    _MODULES = {
        "Engine": "engine.pipeline",
        "EngineConfig": "engine.config",
        "Page": "engine.page",
        "RecognitionOptions": "engine.page",
        "TextLine": "engine.page",
        "ImageLimits": "images",
        "decode": "images",
        "keep_freed_memory": "primitives.memory",
    }

    def __getattr__(name: str) -> object:
        # Lazy import: the command must install its signal handlers before it spends half a second
        # on importing NumPy, OpenCV and ONNX Runtime.
        if name in _MODULES:
            return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
