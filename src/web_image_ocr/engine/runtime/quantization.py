"""Quantize the large matrix products of a model to INT8, for CPUs with VNNI instructions.

A 1 x 1 convolution is a matrix product of pixels by channels. Such convolutions and the last layer
are most of a PP-OCR model's work. Weights are quantized once, per output channel; activations in
each run, by their range (dynamic quantization). Products accumulate in int32; outputs are float32.
See Jacob et al., arXiv:1712.05877; for the bias correction Nagel et al., arXiv:1906.04721; for what
was measured docs/engine-notes/recognition-and-runtime.md.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from onnx import (
    AttributeProto,
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
    helper,
    numpy_helper,
)

from web_image_ocr.engine.runtime.calibration import Mean, mean_activations
from web_image_ocr.engine.runtime.onnx_file import Weights, to_float32
from web_image_ocr.engine.runtime.session import Tensor

if TYPE_CHECKING:
    from google.protobuf.internal.containers import RepeatedCompositeFieldContainer

_Element = TypeVar("_Element", NodeProto, TensorProto, ValueInfoProto)

MIN_WEIGHTS = 96 * 192  # smaller products take longer when quantized
_MAX_INT8 = 127.0  # weights are quantized to -127 ... 127
_ORT_DOMAIN = "com.microsoft"  # of ONNX Runtime's contributed operators


def quantize_matmuls(
    model: ModelProto,
    excluded_nodes: Collection[str] = (),
    calibration_batches: Sequence[Tensor] = (),
) -> int:
    """Replace the large matrix products of a model by dynamically quantized ones.

    Args:
        model: is changed in place; from then on only ONNX Runtime can run it.
        excluded_nodes: names of nodes that stay float32.
        calibration_batches: inputs from which mean activations are taken. These, times the
            rounding error of the weights, are added to the biases. Without any, biases stay.

    Returns:
        The number of replaced products; 0 for a model with branches or loops, whose subgraphs
        use its constants.

    Raises:
        ValueError: the model does not accept a calibration batch.
    """
    if any(x.type == AttributeProto.GRAPH for node in model.graph.node for x in node.attribute):
        return 0
    graph = _Graph(model)
    products = graph.find_products(excluded_nodes)
    means = mean_activations(model, [node for node, _ in products.values()], calibration_batches)
    nodes: list[NodeProto] = []
    fused: set[str] = set()  # sums with a bias; the quantized product contains their additions
    replaced: set[str] = set()  # constants that the quantized products contain
    for node in model.graph.node:
        output = next(iter(node.output), "")
        if output not in products:
            nodes += [node] if fused.isdisjoint(node.output) else []
            continue
        _, weights = products[output]
        product = _QuantizedProduct(node, weights, means.get(output))
        replaced.update(node.input[1:])
        if found := graph.find_bias(node):
            bias, total = found
            product.add_bias(graph.constants[bias], total)
            replaced.add(bias)
            fused.add(total)
        model.graph.initializer.extend(product.constants)
        nodes += product.nodes()
    _set_elements(model.graph.node, nodes)
    _remove_constants(model, replaced - graph.outputs)
    if products and _ORT_DOMAIN not in {opset.domain for opset in model.opset_import}:
        model.opset_import.append(helper.make_opsetid(_ORT_DOMAIN, 1))
    return len(products)


def _remove_constants(model: ModelProto, names: Collection[str]) -> None:
    """Remove constants that no node uses, from the inputs too: old files list them there."""
    used = {name for node in model.graph.node for name in node.input}
    unused = {name for name in names if name not in used}
    for elements in (model.graph.initializer, model.graph.input):
        _set_elements(elements, [x for x in elements if x.name not in unused])


def _set_elements(
    field: RepeatedCompositeFieldContainer[_Element], elements: Sequence[_Element]
) -> None:
    del field[:]
    field.extend(elements)


class _Graph:
    """Index a model's nodes by their inputs and outputs, and its constants by name."""

    def __init__(self, model: ModelProto) -> None:
        self._nodes = model.graph.node
        self.constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self._producer = {name: node for node in model.graph.node for name in node.output}
        self.outputs = {output.name for output in model.graph.output}
        self._consumers: dict[str, list[NodeProto]] = {}
        for node in model.graph.node:
            for name in node.input:
                self._consumers.setdefault(name, []).append(node)

    def find_products(self, excluded: Collection[str]) -> dict[str, tuple[NodeProto, Weights]]:
        """Return the nodes to quantize and their weights (inputs, outputs), by output name."""
        found = {}
        for node in self._nodes:
            weights = None if node.name in excluded else self._weights(node)
            if weights is None or weights.size < MIN_WEIGHTS or self._is_global(node):
                continue
            found[node.output[0]] = node, weights
        return found

    def _weights(self, node: NodeProto) -> Weights | None:
        """Return the weights (inputs, outputs) of a product with constants; None for others."""
        if len(node.input) < 2 or not self.constants.keys() >= set(node.input[1:]):
            return None
        constant = self.constants[node.input[1]]
        if constant.data_type != TensorProto.FLOAT:
            return None
        if node.op_type == "MatMul" and len(constant.dims) == 2:
            return to_float32(constant)
        if node.op_type == "Conv" and _is_pointwise(node, constant):
            return to_float32(constant)[:, :, 0, 0].T
        return None

    def find_bias(self, product: NodeProto) -> tuple[str, str] | None:
        """Return the names of a product's bias and of their sum; None without a bias.

        A bias is also a constant per channel that the only node using the product adds.
        """
        output = product.output[0]
        if len(product.input) > 2:
            return product.input[2], output
        consumers = self._consumers.get(output, [])
        if output in self.outputs or len(consumers) != 1 or consumers[0].op_type != "Add":
            return None
        bias = consumers[0].input[1]
        weights = self.constants[product.input[1]].dims
        shape = [1, weights[0], 1, 1] if product.op_type == "Conv" else [weights[1]]
        has_shape = bias in self.constants and list(self.constants[bias].dims) == shape
        return (bias, consumers[0].output[0]) if has_shape else None

    def _is_global(self, node: NodeProto) -> bool:
        """Return whether a convolution runs on one pixel, a global mean: not worth quantizing."""
        while node.op_type in {"Conv", "Relu", "Add", "Identity"}:
            producer = self._producer.get(node.input[0])
            if producer is None:
                return False
            node = producer
        return node.op_type in {"ReduceMean", "GlobalAveragePool"}


def _is_pointwise(node: NodeProto, weights: TensorProto) -> bool:
    """Return whether a convolution is 1 x 1, ungrouped, and keeps the number of pixels."""
    attributes = {x.name: helper.get_attribute_value(x) for x in node.attribute}
    plain = {"strides": [1, 1], "group": 1, "pads": [0, 0, 0, 0]}
    is_plain = all(attributes.get(name, value) == value for name, value in plain.items())
    return list(weights.dims[2:]) == [1, 1] and is_plain


class _QuantizedProduct:
    """Build the nodes and constants that replace one product.

    Args:
        node: a 1 x 1 convolution or a matrix product.
        weights: (inputs, outputs).
        mean: (inputs,), mean activations for the bias correction, if any.
    """

    def __init__(self, node: NodeProto, weights: Weights, mean: Mean | None) -> None:
        self._node = node
        self._output = node.output[0]
        self._name = f"int8/{self._output}"  # nodes may lack a name
        scales = np.abs(weights).max(axis=0) / _MAX_INT8
        scales[scales == 0.0] = 1.0
        quantized = np.rint(weights / scales)
        self._bias = None if mean is None else mean @ (weights - quantized * scales)
        self._values = {
            "rounded": quantized.astype(np.int8),
            "scales": scales.astype(np.float32),
            "zero": np.zeros(len(scales), np.int8),
        }

    def add_bias(self, bias: TensorProto, output: str) -> None:
        """Include a bias; ``output`` is the name of the sum."""
        flat = to_float32(bias).reshape(-1)
        self._bias = flat if self._bias is None else self._bias + flat
        self._output = output

    @cached_property
    def constants(self) -> list[TensorProto]:
        """Return weights, scales, zero points and the bias, if there is one, in this order."""
        bias = {} if self._bias is None else {"bias": self._bias.astype(np.float32)}
        return [
            numpy_helper.from_array(value, f"{self._name}/{name}")
            for name, value in (self._values | bias).items()
        ]

    def nodes(self) -> list[NodeProto]:
        """Return the product; for a convolution between transpositions to channels-last."""
        source = self._node.input[0]
        if self._node.op_type == "MatMul":
            return [self._matmul(source, self._output)]
        last, product = (f"{self._name}/{name}" for name in ("last", "given"))
        return [
            helper.make_node("Transpose", [source], [last], f"{last}/move", perm=[0, 2, 3, 1]),
            self._matmul(last, product),
            helper.make_node(
                "Transpose", [product], [self._output], f"{product}/move", perm=[0, 3, 1, 2]
            ),
        ]

    def _matmul(self, source: str, output: str) -> NodeProto:
        return helper.make_node(
            "DynamicQuantizeMatMul",
            [source, *(constant.name for constant in self.constants)],
            [output],
            f"{self._name}/product",
            domain=_ORT_DOMAIN,
        )
