"""How a picture is laid before the detector: scaled, turned, padded; and the way back.

Points are in pixel-index coordinates: (0, 0) is the centre of the upper left pixel.
Angles are degrees clockwise as seen, 0 to 360.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from web_image_ocr.primitives.image import Pixels

Points = npt.NDArray[np.float64]
"""(N, 2) float64, x and y in pixels."""

_STRIDE = 32  # the detector halves its input five times


@dataclass(frozen=True, slots=True)
class Frame:
    """An affine view of a picture.

    Attributes:
        matrix: (2, 3) float64, takes points of the picture to points of the view.
        width: of the view in pixels, a multiple of 32.
        height: of the view in pixels, a multiple of 32.
        scale: pixels of the view for one pixel of the picture.
        angle: degrees by which the picture's text is turned clockwise; the view turns it back.
    """

    matrix: npt.NDArray[np.float64]
    width: int
    height: int
    scale: float
    angle: float

    @classmethod
    def around(cls, width: int, height: int, *, scale: float, angle: float = 0.0) -> Self:
        """The view that holds a whole picture, turned back by ``angle``.

        Args:
            width: of the picture in pixels.
            height: of the picture in pixels.
            scale: pixels of the view for one pixel of the picture, above 0.
            angle: degrees by which the text is turned clockwise.
        """
        corners = np.array(
            [[-0.5, -0.5], [width - 0.5, -0.5], [width - 0.5, height - 0.5], [-0.5, height - 0.5]]
        )
        return cls.holding(corners, scale=scale, angle=angle)

    @classmethod
    def holding(cls, points: Points, *, scale: float, angle: float = 0.0) -> Self:
        """The least view, turned back by ``angle``, that holds the given points.

        Args:
            points: (N, 2) in pixels of the picture, at least one.
            scale: pixels of the view for one pixel of the picture, above 0.
            angle: degrees by which the text is turned clockwise.
        """
        linear = scale * _turn(-angle)
        seen = points @ linear.T
        low, high = seen.min(axis=0), seen.max(axis=0)
        need = np.ceil(high - low - 1e-6).astype(int)
        size = np.maximum(_STRIDE, (need + _STRIDE - 1) // _STRIDE * _STRIDE)
        shift = -0.5 - low
        return cls(np.hstack([linear, shift[:, None]]), int(size[0]), int(size[1]), scale, angle)

    def render(self, pixels: Pixels) -> Pixels:
        """The view's pixels, (height, width, 3); what lies outside the picture is filled.

        The filling is the median colour of the picture's border: an edge of contrast around
        the picture draws the detector's attention away from the text.
        """
        filling = _border_colour(pixels)
        shrink = min(1.0, self.scale)
        matrix = self.matrix.copy()
        if shrink < 1.0:
            # Averaging keeps thin strokes that sampling would lose.
            height, width = pixels.shape[:2]
            small = (max(1, round(width * shrink)), max(1, round(height * shrink)))
            pixels = _resize(pixels, small)
            factor = np.array([width / small[0], height / small[1]])
            matrix[:, 2] += matrix[:, :2] @ (0.5 * factor - 0.5)
            matrix[:, :2] *= factor
        view = cv2.warpAffine(
            pixels,
            matrix,
            (self.width, self.height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=filling,
        )
        return np.asarray(view, dtype=np.uint8)

    def to_picture(self, points: Points) -> Points:
        """Points of the view, (N, 2), as points of the picture."""
        inverse = np.linalg.inv(self.matrix[:, :2])
        result: Points = (points - self.matrix[:, 2]) @ inverse.T
        return result

    def to_view(self, points: Points) -> Points:
        """Points of the picture, (N, 2), as points of the view."""
        result: Points = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        return result


def extent(points: Points, angle: float) -> tuple[float, float]:
    """Width and height in pixels that the points (N, 2) take, turned back by ``angle``."""
    width, height = np.ptp(points @ _turn(-angle).T, axis=0)
    return float(width), float(height)


def _turn(angle: float) -> npt.NDArray[np.float64]:
    """The (2, 2) matrix that turns clockwise by ``angle`` degrees; right angles are exact."""
    turn = np.deg2rad(angle)
    cos, sin = np.round(np.cos(turn), 12), np.round(np.sin(turn), 12)
    return np.array([[cos, -sin], [sin, cos]])


def _resize(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _border_colour(pixels: Pixels) -> tuple[float, float, float]:
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    red, green, blue = np.median(border, axis=0)
    return float(red), float(green), float(blue)
