"""What runs the models: the only importer of inference libraries, one module each."""

from __future__ import annotations

from web_image_ocr.engine.config import RuntimeName
from web_image_ocr.engine.runtimes.base import Model, Runtime, Session, Tensor
from web_image_ocr.engine.runtimes.onnx import OnnxRuntime
from web_image_ocr.engine.runtimes.openvino import OpenVinoRuntime

__all__ = ["Model", "Runtime", "Session", "Tensor", "runtime_named"]


def runtime_named(name: RuntimeName) -> Runtime:
    """The runtime that the settings name."""
    return OpenVinoRuntime() if name == "openvino" else OnnxRuntime()
