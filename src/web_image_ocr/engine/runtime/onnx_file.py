"""What is read from an ONNX file, and changed in it, before ONNX Runtime runs it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
from google.protobuf.message import DecodeError
from onnx import ModelProto, TensorProto, numpy_helper

Weights = npt.NDArray[np.float32]


def parse_model(content: bytes) -> ModelProto:
    """The model of a file.

    Raises:
        ValueError: when the bytes are no ONNX model.
    """
    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise ValueError("the file is no ONNX model, or it is cut off") from error
    if not model.graph.node:
        raise ValueError("the file is no ONNX model")
    if any(x.data_location == TensorProto.EXTERNAL for x in model.graph.initializer):
        raise ValueError("the model keeps its weights in another file")
    return model


def read_metadata(model: ModelProto) -> dict[str, str]:
    """What the model's author wrote into the file."""
    return {entry.key: entry.value for entry in model.metadata_props}


def to_float32(tensor: TensorProto) -> Weights:
    """The numbers of a float32 tensor, in its own shape; a copy."""
    return np.array(numpy_helper.to_array(tensor), np.float32)


def flush_subnormals(model: ModelProto) -> None:
    """Sets the subnormal float32 weights of a model to zero.

    Training leaves dead channels with weights below 1.2e-38. They say nothing, but processors
    compute with such numbers up to a hundred times slower: 256,000 of them make PP-OCRv6 small
    detection three times slower (640 x 640, one thread, a Xeon with AVX-512: 640 ms against
    200 ms). ONNX Runtime's own switch (``session.set_denormal_as_zero``) reaches only threads
    that inherit the mode of the one that built the first session, and changes the arithmetic of
    the caller's whole thread; zeros in the weights work everywhere.
    """
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            weights = to_float32(tensor)
            subnormal = (weights != 0) & (np.abs(weights) < np.finfo(np.float32).tiny)
            if subnormal.any():
                weights[subnormal] = 0.0
                tensor.CopyFrom(numpy_helper.from_array(weights, tensor.name))
