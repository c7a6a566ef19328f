"""Models of a few nodes, as ONNX."""

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

needs_instructions = pytest.mark.skipif(
    not has_vnni(), reason="this processor adds up products of 8 bits with loss"
)

INPUTS, OUTPUTS = 96, 192
PRODUCT = "DynamicQuantizeMatMul"


def noise(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)


def model(nodes: Sequence[NodeProto], constants: dict[str, Array], sides: int = 4) -> ModelProto:
    """From ``x`` to ``y``, numbers of ``sides`` dimensions."""
    shape = [None] * sides
    graph = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)


def answers(changed: ModelProto, batch: Array) -> Array:
    return OnnxSession(changed.SerializeToString(), 1).run(batch)


def operators(changed: ModelProto) -> list[str]:
    return [node.op_type for node in changed.graph.node]


def pointwise(**attributes: Any) -> NodeProto:
    return helper.make_node("Conv", ["x", "w"], ["c"], "conv", **attributes)


def plus_bias(taken: str = "c") -> NodeProto:
    return helper.make_node("Add", [taken, "b"], ["y"], "plus")


WEIGHTS = noise(OUTPUTS, INPUTS, 1, 1)
BIAS = noise(1, OUTPUTS, 1, 1, seed=1)
