"""Build ONNX models of a few nodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from web_image_ocr.engine.runtime.session import OnnxSession
from web_image_ocr.primitives.cpu import has_vnni

Array = npt.NDArray[np.float32]

requires_vnni = pytest.mark.skipif(
    not has_vnni(), reason="this CPU has no VNNI: INT8 sums saturate"
)

INPUTS, OUTPUTS = 96, 192
QUANTIZED_MATMUL = "DynamicQuantizeMatMul"


def noise(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)


def model(nodes: Sequence[NodeProto], constants: dict[str, Array], rank: int = 4) -> ModelProto:
    """Return a model from ``x`` to ``y``, tensors of ``rank`` dimensions."""
    shape = [None] * rank
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def run_model(onnx_model: ModelProto, batch: Array) -> Array:
    return OnnxSession(onnx_model.SerializeToString(), 1).run(batch)


def operator_types(onnx_model: ModelProto) -> list[str]:
    return [node.op_type for node in onnx_model.graph.node]


def pointwise(**attributes: Any) -> NodeProto:
    return helper.make_node("Conv", ["x", "w"], ["c"], "conv", **attributes)


def plus_bias(source: str = "c") -> NodeProto:
    return helper.make_node("Add", [source, "b"], ["y"], "plus")


WEIGHTS = noise(OUTPUTS, INPUTS, 1, 1)
BIAS = noise(1, OUTPUTS, 1, 1, seed=1)
