"""Web Image OCR: reads pictures from the web, as a library, a command line and a server."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from web_image_ocr.primitives.onnxruntime_telemetry import disable_onnxruntime_telemetry

if TYPE_CHECKING:
    from web_image_ocr.engine import Engine, EngineConfig, Page, RecognitionOptions, TextLine

__all__ = ["Engine", "EngineConfig", "Page", "RecognitionOptions", "TextLine", "__version__"]

__version__ = "0.2.0"

disable_onnxruntime_telemetry()  # before any module of the package can load the library

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        # The engine is imported on first use: the command must say what a signal does
        # before it spends half a second on NumPy, OpenCV and ONNX Runtime.
        if name in __all__:
            return getattr(import_module("web_image_ocr.engine"), name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
