"""What flows through a model on the average."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, helper

from web_image_ocr.engine.runtime.session import OnnxSession, Tensor

Mean = npt.NDArray[np.float32]
"""(C,) float32, of each channel."""


def mean_inputs(
    model: ModelProto, nodes: Sequence[NodeProto], shown: Sequence[Tensor]
) -> dict[str, Mean]:
    """The mean of what flows into some of a model's nodes, by the name of their answer.

    Args:
        model: is left as it is.
        nodes: convolutions, whose channels come second, or products of matrices, with them last;
            of those that take what the model itself is given, there is no mean.
        shown: batches for the model, each counts alike; with none, there is no mean.

    Raises:
        ValueError: the model cannot be run on them.
    """
    given = {value.name for value in model.graph.input}
    inside = [node for node in nodes if node.input[0] not in given]
    if not shown or not inside:
        return {}
    watched = list(dict.fromkeys(node.input[0] for node in inside))
    watching = ModelProto()
    watching.CopyFrom(model)
    del watching.graph.output[:]
    watching.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in watched)
    means: dict[str, list[Mean]] = {node.output[0]: [] for node in inside}
    try:
        session = OnnxSession(watching.SerializeToString(), threads=1)
        for batch in shown:
            seen = dict(zip(watched, session.outputs(batch), strict=True))
            for node in inside:
                channels = 1 if node.op_type == "Conv" else -1
                means[node.output[0]].append(_mean(seen[node.input[0]], channels))
    except Exception as error:  # ONNX Runtime's have no class in common
        raise ValueError(f"it cannot be run on what it is shown: {error}") from error
    return {name: np.mean(of_batches, axis=0) for name, of_batches in means.items()}


def _mean(values: Tensor, channels: int) -> Mean:
    mean: Mean = np.moveaxis(values, channels, -1).reshape(-1, values.shape[channels]).mean(axis=0)
    return mean
