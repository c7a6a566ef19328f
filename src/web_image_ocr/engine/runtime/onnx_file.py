"""Parse an ONNX file and clean its weights before ONNX Runtime loads it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import onnx
from google.protobuf.message import DecodeError
from onnx import ModelProto, TensorProto, numpy_helper

Weights = npt.NDArray[np.float32]


def parse_model(content: bytes) -> ModelProto:
    """Return the model of a file.

    Raises:
        ValueError: the bytes are not an ONNX model with its weights.
    """
    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise ValueError("the file is not an ONNX model, or it is truncated") from error
    if not model.graph.node:
        raise ValueError("the file is not an ONNX model: its graph has no nodes")
    if any(x.data_location == TensorProto.EXTERNAL for x in model.graph.initializer):
        raise ValueError("the model's weights are in another file; save them in the model file")
    return model


def read_metadata(model: ModelProto) -> dict[str, str]:
    """Return the metadata that the model's author wrote into the file."""
    return {entry.key: entry.value for entry in model.metadata_props}


def to_float32(tensor: TensorProto) -> Weights:
    """Return a copy of a tensor's values as float32, in the tensor's shape."""
    return np.array(numpy_helper.to_array(tensor), np.float32)


def flush_subnormals(model: ModelProto) -> None:
    """Set the subnormal float32 weights of a model to zero.

    CPUs compute with subnormal numbers up to a hundred times slower. ONNX Runtime's own switch
    does not reach all threads; see docs/engine-notes/recognition-and-runtime.md.
    """
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT:
            weights = to_float32(tensor)
            is_subnormal = (weights != 0) & (np.abs(weights) < np.finfo(np.float32).tiny)
            if is_subnormal.any():
                weights[is_subnormal] = 0.0
                tensor.CopyFrom(numpy_helper.from_array(weights, tensor.name))
