"""What flows through a model on the average."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, helper

from web_image_ocr.engine.runtime import OnnxSession, Tensor

Mean = npt.NDArray[np.float32]
"""(C,) float32, of each channel."""


def mean_inputs(
    model: ModelProto, nodes: Sequence[NodeProto], shown: Sequence[Tensor]
) -> dict[str, Mean]:
    """The mean of what flows into some of a model's nodes, by its name.

    Args:
        model: is left as it is.
        nodes: convolutions, whose channels come second, or products of matrices, with them last.
        shown: batches for the model; with none, there is no mean.

    Raises:
        ValueError: the model cannot be run on them.
    """
    given = {value.name for value in model.graph.input}
    axes = {node.input[0]: 1 if node.op_type == "Conv" else -1 for node in nodes}
    watched = [name for name in axes if name not in given]
    if not shown or not watched:
        return {}
    watching = ModelProto()
    watching.CopyFrom(model)
    del watching.graph.output[:]
    watching.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in watched)
    try:
        session = OnnxSession(watching.SerializeToString(), threads=1)
        means = [
            [_mean(values, axes[name]) for name, values in zip(watched, answers, strict=True)]
            for answers in map(session.outputs, shown)
        ]
    except Exception as error:  # ONNX Runtime's have no class in common
        raise ValueError(f"it cannot be run: {error}") from error
    return {
        name: np.mean(of_batches, axis=0)
        for name, of_batches in zip(watched, zip(*means, strict=True), strict=True)
    }


def _mean(values: Tensor, axis: int) -> Mean:
    mean: Mean = np.moveaxis(values, axis, -1).reshape(-1, values.shape[axis]).mean(axis=0)
    return mean
