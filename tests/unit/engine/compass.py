"""A picture in which every direction looks different, and a reader that goes by the direction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from web_image_ocr.engine.geometry import Box, Points
from web_image_ocr.engine.recognition.decoder import EMPTY_TEXT, DecodedText, Decoder
from web_image_ocr.engine.recognition.recognizer import LineRecognizer
from web_image_ocr.engine.runtime.session import Tensor
from web_image_ocr.primitives.pixels import Pixels

_SIDE = 250
_NEAR = 15.0  # degrees within which a crop has a direction that says something


def compass() -> Pixels:
    """(250, 250, 3): red grows to the right, green grows downwards, evenly."""
    picture = np.zeros((_SIDE, _SIDE, 3), np.uint8)
    picture[..., 0] = np.arange(_SIDE)
    picture[..., 1] = np.arange(_SIDE)[:, None]
    return picture


def rectangle(
    direction: float,
    *,
    width: float = 100.0,
    height: float = 20.0,
    centre: tuple[float, float] = (125.0, 125.0),
) -> Points:
    """Corners (4, 2), clockwise; the first edge, ``width`` long, points into the direction."""
    cos, sin = np.cos(np.deg2rad(direction)), np.sin(np.deg2rad(direction))
    flat = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [width / 2, height / 2]
    corners: Points = flat @ np.array([[cos, sin], [-sin, cos]]) + centre
    return corners


def box_from(left: float, top: float, right: float, bottom: float) -> Box:
    """An upright box by its sides."""
    corners = [[left, top], [right, top], [right, bottom], [left, bottom]]
    return Box(np.array(corners, dtype=np.float64), 1.0)


def reader_by_direction(said: Mapping[float, tuple[str, float]]) -> LineRecognizer:
    """A reader of the compass: what it says, and how clearly, by degrees clockwise from right."""
    return LineRecognizer(_Unchanged(), cast("Decoder", _ByDirection(said)))


class _Unchanged:
    """A model whose answer is what it is shown."""

    def run(self, batch: Tensor) -> Tensor:
        return batch


@dataclass(frozen=True)
class _ByDirection:
    """A decoder that is shown crops of the compass, (3, H, W), blue first."""

    said: Mapping[float, tuple[str, float]]

    def decode(self, crop: Tensor) -> DecodedText:
        _, down, right = crop[:, :, -1].mean(axis=1) - crop[:, :, 0].mean(axis=1)
        seen = float(np.degrees(np.arctan2(down, right)))
        for direction, (text, mean_confidence) in self.said.items():
            if abs((seen - direction + 180.0) % 360.0 - 180.0) <= _NEAR:
                return DecodedText(text, mean_confidence, mean_confidence)
        return EMPTY_TEXT
