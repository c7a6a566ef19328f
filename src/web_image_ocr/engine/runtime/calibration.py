"""Measure the mean activations of a model on calibration batches of synthetic lines."""

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
    model: ModelProto, nodes: Sequence[NodeProto], batches: Sequence[Tensor]
) -> dict[str, Mean]:
    """Return the mean input of some nodes of a model, by the name of their output.

    Nodes that take the model's own input are skipped.

    Args:
        model: is not changed.
        nodes: convolutions, whose channels are the second axis, or matrix products, whose
            channels are the last.
        batches: calibration batches of equal weight; without any, the result is empty.

    Raises:
        ValueError: the model does not accept a batch.
    """
    model_inputs = {value.name for value in model.graph.input}
    inner = [node for node in nodes if node.input[0] not in model_inputs]
    if not batches or not inner:
        return {}
    names = list(dict.fromkeys(node.input[0] for node in inner))
    probe = ModelProto()
    probe.CopyFrom(model)
    del probe.graph.output[:]
    probe.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    means: dict[str, list[Mean]] = {node.output[0]: [] for node in inner}
    try:
        session = OnnxSession(probe.SerializeToString(), threads=1)
        for batch in batches:
            activations = dict(zip(names, session.outputs(batch), strict=True))
            for node in inner:
                axis = 1 if node.op_type == "Conv" else -1
                means[node.output[0]].append(_channel_means(activations[node.input[0]], axis))
    except Exception as error:  # ONNX Runtime's exceptions have no common base class
        raise ValueError(f"the model does not accept its calibration batches: {error}") from error
    return {name: np.mean(of_batches, axis=0) for name, of_batches in means.items()}


def _channel_means(values: Tensor, axis: int) -> Mean:
    mean: Mean = np.moveaxis(values, axis, -1).reshape(-1, values.shape[axis]).mean(axis=0)
    return mean


class _Style(NamedTuple):
    """Describe how a synthetic line is drawn; colors are RGB."""

    text: str
    font: int
    color: tuple[int, int, int]
    background: tuple[int, int, int]
    stroke_px: int


# Chosen for variety before any measurement: light on dark and dark on light, with and without
# color, strokes of one to three pixels, letters, digits and signs.
_STYLES = (
    _Style("Total price 2024", cv2.FONT_HERSHEY_SIMPLEX, (0, 0, 0), (255, 255, 255), 2),
    _Style("NEW 50% off (USD)", cv2.FONT_HERSHEY_DUPLEX, (255, 240, 0), (200, 20, 40), 2),
    _Style("Invoice No. 12.50", cv2.FONT_HERSHEY_COMPLEX, (60, 60, 70), (225, 220, 205), 1),
    _Style("www hello WORLD", cv2.FONT_HERSHEY_TRIPLEX, (235, 235, 240), (30, 60, 110), 3),
)
_MARGIN_PX, _BASELINE_PX = 6, 34


def synthetic_lines() -> list[Pixels]:
    """Return four lines (48, W, 3), RGB, of Latin letters, digits and signs in OpenCV's fonts.

    No image is needed for calibration: which lines matters less than that they are lines.
    """
    return [_draw_line(style) for style in _STYLES]


def _draw_line(style: _Style) -> Pixels:
    (width, _), _ = cv2.getTextSize(style.text, style.font, 1.0, style.stroke_px)
    line = np.full((LINE_HEIGHT_PX, width + 2 * _MARGIN_PX, 3), style.background, np.uint8)
    origin = (_MARGIN_PX, _BASELINE_PX)
    cv2.putText(
        line, style.text, origin, style.font, 1.0, style.color, style.stroke_px, cv2.LINE_AA
    )
    return line
