"""What flows through a model on the average."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, helper

from web_image_ocr.engine.runtime.session import LINE_HEIGHT_PX, OnnxSession, Tensor
from web_image_ocr.primitives.pixels import Pixels

Mean = npt.NDArray[np.float32]
"""(C,) float32, of each channel."""


def mean_activations(
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


class _Style(NamedTuple):
    """How a line is drawn; colours are RGB."""

    text: str
    font: int
    ink: tuple[int, int, int]
    ground: tuple[int, int, int]
    stroke: int  # pixels


# Chosen for their variety, before anything was measured with them: light on dark and dark on light,
# with and without colour, strokes of one to three pixels, letters, digits and signs.
_STYLES = (
    _Style("Total price 2024", cv2.FONT_HERSHEY_SIMPLEX, (0, 0, 0), (255, 255, 255), 2),
    _Style("NEW 50% off (USD)", cv2.FONT_HERSHEY_DUPLEX, (255, 240, 0), (200, 20, 40), 2),
    _Style("Invoice No. 12.50", cv2.FONT_HERSHEY_COMPLEX, (60, 60, 70), (225, 220, 205), 1),
    _Style("www hello WORLD", cv2.FONT_HERSHEY_TRIPLEX, (235, 235, 240), (30, 60, 110), 3),
)
_LEFT, _BASELINE = 6, 34  # where a line begins, pixels


def synthetic_lines() -> list[Pixels]:
    """Four flat lines (48, W, 3), RGB, of letters, digits and signs, in OpenCV's own fonts."""
    return [_drawn(style) for style in _STYLES]


def _drawn(style: _Style) -> Pixels:
    (width, _), _ = cv2.getTextSize(style.text, style.font, 1.0, style.stroke)
    line = np.full((LINE_HEIGHT_PX, width + 2 * _LEFT, 3), style.ground, np.uint8)
    place = (_LEFT, _BASELINE)
    cv2.putText(line, style.text, place, style.font, 1.0, style.ink, style.stroke, cv2.LINE_AA)
    return line
