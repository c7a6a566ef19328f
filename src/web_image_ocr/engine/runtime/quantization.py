"""The large products of a model with numbers of 8 bits, where the processor multiplies them.

A convolution of 1 x 1 is a product of matrices, pixels by channels; such convolutions and the last
layer are most of a PP-OCR model's work. The weights are rounded once, with a scale for each output
channel. What meets them is rounded in each run, between its own least and greatest number. Sums
are exact, and answers are float32 again. (Quantisation: Jacob et al., arXiv:1712.05877; the bias
that makes up for rounded weights: Nagel et al., arXiv:1906.04721.)
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

_Part = TypeVar("_Part", NodeProto, TensorProto, ValueInfoProto)

# Products of fewer are not rounded, it costs more than it saves: a view of 896 x 512 took one
# thread 140 ms with float32, 115 so, and 120 with all products.
LEAST_WEIGHTS = 96 * 192
# Weights are rounded to -127 ... 127.
_GREATEST = 127.0
_DOMAIN = "com.microsoft"  # of ONNX Runtime's own operators


def quantize_matmuls(
    model: ModelProto,
    excluded_nodes: Collection[str] = (),
    calibration_batches: Sequence[Tensor] = (),
) -> int:
    """Makes products with numbers of 8 bits of a model's large ones.

    Args:
        model: is changed; it needs ONNX Runtime from then on.
        excluded_nodes: names of the model's nodes that stay as they are.
        calibration_batches: batches that the model is shown, to learn what meets its weights on
            the average: times what these lose, that is added to the biases. With none,
            nothing is added.

    Returns:
        How many there are; none in a model with branches or loops, whose parts see its constants.

    Raises:
        ValueError: the model cannot be run on what it is shown.
    """
    if any(x.type == AttributeProto.GRAPH for node in model.graph.node for x in node.attribute):
        return 0
    graph = _Graph(model)
    products = graph.products(excluded_nodes)
    means = mean_activations(model, [node for node, _ in products.values()], calibration_batches)
    nodes: list[NodeProto] = []
    added: set[str] = set()  # answers of additions that are part of a product
    replaced: set[str] = set()  # constants that the products hold now
    for node in model.graph.node:
        answer = next(iter(node.output), "")
        if answer not in products:
            nodes += [node] if added.isdisjoint(node.output) else []
            continue
        _, weights = products[answer]
        product = _Product(node, weights, means.get(answer))
        replaced.update(node.input[1:])
        addition = graph.bias_added_to(node)
        if addition is not None:
            product.add(graph.constants[addition.input[1]], addition.output[0])
            added.add(addition.output[0])
            replaced.add(addition.input[1])
        elif len(node.input) > 2:
            product.add(graph.constants[node.input[2]], answer)
        model.graph.initializer.extend(product.constants)
        nodes += product.nodes()
    _replace(model.graph.node, nodes)
    replaced -= {name for node in nodes for name in node.input} | graph.answers
    kept = [x for x in model.graph.initializer if x.name not in replaced]
    _replace(model.graph.initializer, kept)
    # Old files name their constants among what flows in, too.
    _replace(model.graph.input, [x for x in model.graph.input if x.name not in replaced])
    if products and _DOMAIN not in {known.domain for known in model.opset_import}:
        model.opset_import.append(helper.make_opsetid(_DOMAIN, 1))
    return len(products)


def _replace(field: RepeatedCompositeFieldContainer[_Part], parts: Sequence[_Part]) -> None:
    del field[:]
    field.extend(parts)


class _Graph:
    """A model's nodes by what they give and take, its constants by name."""

    def __init__(self, model: ModelProto) -> None:
        self._nodes = model.graph.node
        self.constants = {tensor.name: tensor for tensor in model.graph.initializer}
        self._giving = {name: node for node in model.graph.node for name in node.output}
        self.answers = {answer.name for answer in model.graph.output}
        self._taking: dict[str, list[NodeProto]] = {}
        for node in model.graph.node:
            for name in node.input:
                self._taking.setdefault(name, []).append(node)

    def products(self, exact: Collection[str]) -> dict[str, tuple[NodeProto, Weights]]:
        """What is rounded: nodes and their weights (inputs, outputs), by the answer's name."""
        found = {}
        for node in self._nodes:
            weights = None if node.name in exact else self._weights(node)
            if weights is None or weights.size < LEAST_WEIGHTS or self._of_whole_picture(node):
                continue
            found[node.output[0]] = node, weights
        return found

    def _weights(self, node: NodeProto) -> Weights | None:
        """Of a product of what flows in with constants: (inputs, outputs); none for others."""
        if len(node.input) < 2 or not self.constants.keys() >= set(node.input[1:]):
            return None
        constant = self.constants[node.input[1]]
        if constant.data_type != TensorProto.FLOAT:
            return None
        if node.op_type == "MatMul" and len(constant.dims) == 2:
            return to_float32(constant)
        if node.op_type == "Conv" and _at_each_pixel(node, constant):
            return to_float32(constant)[:, :, 0, 0].T
        return None

    def bias_added_to(self, product: NodeProto) -> NodeProto | None:
        """The node that adds a constant for each channel, if nothing else takes the answer."""
        given = product.output[0]
        takers = self._taking.get(given, [])
        if len(product.input) > 2 or given in self.answers:
            return None
        if len(takers) != 1 or takers[0].op_type != "Add":
            return None
        constant = self.constants.get(takers[0].input[1])
        weights = self.constants[product.input[1]].dims
        channels = [1, weights[0], 1, 1] if product.op_type == "Conv" else [weights[1]]
        return takers[0] if constant is not None and list(constant.dims) == channels else None

    def _of_whole_picture(self, node: NodeProto) -> bool:
        """Whether a convolution is of one pixel, the mean of all: too little work to round."""
        while node.op_type in {"Conv", "Relu", "Add", "Identity"}:
            before = self._giving.get(node.input[0])
            if before is None:
                return False
            node = before
        return node.op_type in {"ReduceMean", "GlobalAveragePool"}


def _at_each_pixel(node: NodeProto, weights: TensorProto) -> bool:
    """Whether a convolution is 1 x 1, over all channels, and gives as many pixels as it gets."""
    given = {x.name: helper.get_attribute_value(x) for x in node.attribute}
    plain = {"strides": [1, 1], "group": 1, "pads": [0, 0, 0, 0]}
    same = all(given.get(name, value) == value for name, value in plain.items())
    return list(weights.dims[2:]) == [1, 1] and same


class _Product:
    """What takes the place of a node.

    Args:
        node: a convolution of 1 x 1, or a product of matrices.
        weights: (inputs, outputs).
        mean: (inputs,), what meets them on the average; none leaves what rounding changes.
    """

    def __init__(self, node: NodeProto, weights: Weights, mean: Mean | None) -> None:
        self._node = node
        self._answer = node.output[0]
        self._name = f"int8/{self._answer}"  # nodes may lack a name
        scales = np.abs(weights).max(axis=0) / _GREATEST
        scales[scales == 0.0] = 1.0
        rounded = np.rint(weights / scales)
        self._bias = None if mean is None else mean @ (weights - rounded * scales)
        self._values = {
            "rounded": rounded.astype(np.int8),
            "scales": scales.astype(np.float32),
            "zero": np.zeros(len(scales), np.int8),
        }

    def add(self, bias: TensorProto, answer: str) -> None:
        """Takes in the bias; ``answer`` is the name of what is then given."""
        flat = to_float32(bias).reshape(-1)
        self._bias = flat if self._bias is None else self._bias + flat
        self._answer = answer

    @cached_property
    def constants(self) -> list[TensorProto]:
        """Weights, their scales, their zero and, if there is one, the bias; in this order."""
        bias = {} if self._bias is None else {"bias": self._bias.astype(np.float32)}
        return [
            numpy_helper.from_array(value, f"{self._name}/{name}")
            for name, value in (self._values | bias).items()
        ]

    def nodes(self) -> list[NodeProto]:
        """The product; that of a convolution with the channels laid last, and back again."""
        taken = self._node.input[0]
        if self._node.op_type == "MatMul":
            return [self._multiplied(taken, self._answer)]
        last, given = (f"{self._name}/{name}" for name in ("last", "given"))
        return [
            helper.make_node("Transpose", [taken], [last], f"{last}/move", perm=[0, 2, 3, 1]),
            self._multiplied(last, given),
            helper.make_node(
                "Transpose", [given], [self._answer], f"{given}/move", perm=[0, 3, 1, 2]
            ),
        ]

    def _multiplied(self, taken: str, given: str) -> NodeProto:
        return helper.make_node(
            "DynamicQuantizeMatMul",
            [taken, *(constant.name for constant in self.constants)],
            [given],
            f"{self._name}/product",
            domain=_DOMAIN,
        )
