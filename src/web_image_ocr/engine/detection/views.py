"""How a picture is laid before the detector: scaled, turned, padded; and the way back.

Points are in pixel-index coordinates: (0, 0) is the centre of the upper left pixel.
Angles are degrees clockwise as seen, 0 to 360.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from web_image_ocr.engine.geometry import Points, image_corners, rotation_matrix
from web_image_ocr.primitives.pixels import Pixels

STRIDE = 32  # the detector halves its input five times
# Web text is small: seen a quarter larger, more of it is found; larger still, big letters fall
# apart. Word F at 1.0 / 1.25 / 1.5: born-digital .931 / .937 / .930, shop pictures
# .886 / .905 / .904, all three with faint spaces (``ctc``) taken from 0.02.
MAX_SCALE = 1.25
MAX_SIDE_PX = 16_000  # OpenCV's warps take sides below 32,768
_SEEK = 32  # averaged pixels within which one begins nearly with a pixel of the picture


@dataclass(frozen=True, slots=True)
class ViewTransform:
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
    def of_image(cls, width: int, height: int, *, scale: float, angle: float = 0.0) -> Self:
        """The view that holds a whole picture, turned back by ``angle``.

        Args:
            width: of the picture in pixels.
            height: of the picture in pixels.
            scale: pixels of the view for one pixel of the picture, above 0.
            angle: degrees by which the text is turned clockwise.
        """
        return cls.enclosing(image_corners(width, height), scale=scale, angle=angle)

    @classmethod
    def enclosing(cls, points: Points, *, scale: float, angle: float = 0.0) -> Self:
        """The least view, turned back by ``angle``, that holds the given points.

        Args:
            points: (N, 2) in pixels of the picture, at least one.
            scale: pixels of the view for one pixel of the picture, above 0.
            angle: degrees by which the text is turned clockwise.
        """
        linear = scale * rotation_matrix(-angle)
        seen = points @ linear.T
        low, high = seen.min(axis=0), seen.max(axis=0)
        need = np.ceil(high - low - 1e-6).astype(int)
        size = np.maximum(STRIDE, (need + STRIDE - 1) // STRIDE * STRIDE)
        shift = -0.5 - low
        return cls(np.hstack([linear, shift[:, None]]), int(size[0]), int(size[1]), scale, angle)

    def crop(self, left: int, top: int, width: int, height: int) -> Self:
        """A window of this view, by its place in it; all in pixels of the view."""
        matrix = self.matrix.copy()
        matrix[:, 2] -= (left, top)
        return replace(self, matrix=matrix, width=width, height=height)

    def render(self, pixels: Pixels) -> Pixels:
        """The view's pixels, (height, width, 3); what lies outside the picture is filled.

        Costs what the view shows, however large the picture is. The filling is the median
        colour of the picture's border: an edge of contrast around the picture draws the
        detector's attention away from the text.
        """
        filling = _border_colour(pixels)
        low, high = self._shown(pixels)
        if (low >= high).any():
            return np.full((self.height, self.width, 3), np.round(filling), np.uint8)
        matrix = self.matrix.copy()
        shrink = min(1.0, self.scale)
        (left, right, columns), (top, bottom, rows) = (
            _averaged(int(first), int(end), length, shrink)
            for first, end, length in zip(low, high, pixels.shape[1::-1], strict=True)
        )
        pixels = pixels[top:bottom, left:right]
        matrix[:, 2] += matrix[:, :2] @ (left, top)
        if shrink < 1.0:
            # Averaging keeps thin strokes that sampling would lose.
            factor = np.array([(right - left) / columns, (bottom - top) / rows])
            pixels = _resize(pixels, (columns, rows))
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

    def _shown(self, pixels: Pixels) -> tuple[Points, Points]:
        """The least and the greatest point of the part of the picture that the view shows."""
        seen = self.to_image(image_corners(self.width, self.height))
        ground = 2 + 2 / min(1.0, self.scale)  # what the nearest pixels are mixed from
        size = pixels.shape[1::-1]
        low: Points = np.clip(np.floor(seen.min(axis=0) - ground), 0, size)
        high: Points = np.clip(np.ceil(seen.max(axis=0) + ground), 0, size)
        return low, high

    def to_image(self, points: Points) -> Points:
        """Points of the view, (N, 2), as points of the picture."""
        inverse = np.linalg.inv(self.matrix[:, :2])
        result: Points = (points - self.matrix[:, 2]) @ inverse.T
        return result

    def to_view(self, points: Points) -> Points:
        """Points of the picture, (N, 2), as points of the view."""
        result: Points = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        return result


def max_view_scale(width: float, height: float, max_pixels: int) -> float:
    """Return the largest scale at which the detector takes an area in one run.

    Args:
        width: of the area, image pixels.
        height: of the area, image pixels.
        max_pixels: of the view.
    """
    return min(max_tiled_scale(width, height, max_pixels), MAX_SIDE_PX / max(width, height))


def max_tiled_scale(width: float, height: float, max_pixels: int) -> float:
    """Return the same for a view that is cut into tiles: its sides may have any length."""
    return min(MAX_SCALE, math.sqrt(max_pixels / (width * height)))


def _averaged(first: int, end: int, length: int, shrink: float) -> tuple[int, int, int]:
    """A range of pixels that is averaged down just as it is in the whole side.

    Args:
        first: of the range wanted.
        end: of the same.
        length: of the picture's side.
        shrink: at most 1.

    Returns:
        First and end of the range, grown to where pixels begin together before and after, and
        how many it has after.
    """
    averaged = max(1, round(length * shrink))
    factor = length / averaged
    low, high = math.floor(first / factor), min(averaged, math.ceil(end / factor))
    before = np.arange(max(0, low - _SEEK), low + 1) * factor
    after = np.arange(high, min(averaged, high + _SEEK) + 1) * factor
    left, right = (
        float(edges[np.argmin(np.abs(edges - np.round(edges)))]) for edges in (before, after)
    )
    return round(left), round(right), round((right - left) / factor)


def _resize(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _border_colour(pixels: Pixels) -> tuple[float, float, float]:
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    red, green, blue = np.median(border, axis=0)
    return float(red), float(green), float(blue)
