"""What runs the models: the only importer of inference libraries, one module each."""

from __future__ import annotations

from importlib.util import find_spec

from web_image_ocr.engine.config import RuntimeName
from web_image_ocr.engine.runtimes.base import Model, Runtime, Session, Tensor
from web_image_ocr.engine.runtimes.onnx import OnnxRuntime
from web_image_ocr.engine.runtimes.openvino import OpenVinoRuntime
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

__all__ = ["Model", "Runtime", "Session", "Tensor", "runtime_named"]


def runtime_named(name: RuntimeName) -> Runtime:
    """The runtime that the settings name.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` when it is not installed.
    """
    if find_spec(name) is None:
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID,
            f"the engine's runtime is to be {name}, and the package {name} is not installed",
        )
    return OpenVinoRuntime() if name == "openvino" else OnnxRuntime()
