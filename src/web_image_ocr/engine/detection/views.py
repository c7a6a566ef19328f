"""Render what the detector sees: an image scaled, rotated back and padded; and map points back."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Self

import cv2
import numpy as np
import numpy.typing as npt

from web_image_ocr.engine.geometry import Points, image_corners, rotation_matrix
from web_image_ocr.primitives.pixels import Pixels

# Measurements: docs/engine-notes/detection-and-layout.md

STRIDE = 32  # pixels; the detector halves its input five times
MAX_SCALE = 1.25  # web text is small: slightly enlarged, more of it is detected
MAX_SIDE_PX = 16_000  # OpenCV's warps accept sides below 32,768
_ALIGNMENT_SEARCH_PX = 32  # downscaled pixels to search for an edge on a source pixel


@dataclass(frozen=True, slots=True)
class ViewTransform:
    """Map an image to one of the detector's views, and back.

    Attributes:
        matrix: (2, 3) float64, maps image points to view points.
        width: of the view in pixels, a multiple of 32.
        height: of the view in pixels, a multiple of 32.
        scale: view pixels per image pixel.
        angle: clockwise rotation of the image's text in degrees, undone in the view.
    """

    matrix: npt.NDArray[np.float64]
    width: int
    height: int
    scale: float
    angle: float

    @classmethod
    def enclosing(cls, points: Points, *, scale: float, angle: float = 0.0) -> Self:
        """Return the smallest view that contains the points.

        Args:
            points: (N, 2) in image pixels, at least one.
            scale: view pixels per image pixel, above 0.
            angle: clockwise rotation of the text in degrees.
        """
        linear = scale * rotation_matrix(-angle)
        projected = points @ linear.T
        low, high = projected.min(axis=0), projected.max(axis=0)
        need = np.ceil(high - low - 1e-6).astype(int)
        size = np.maximum(STRIDE, (need + STRIDE - 1) // STRIDE * STRIDE)
        shift = -0.5 - low
        return cls(np.hstack([linear, shift[:, None]]), int(size[0]), int(size[1]), scale, angle)

    def crop(self, columns: tuple[int, int], rows: tuple[int, int]) -> Self:
        """Return a window of this view, given by first and end in view pixels."""
        (left, right), (top, bottom) = columns, rows
        matrix = self.matrix.copy()
        matrix[:, 2] -= (left, top)
        return replace(self, matrix=matrix, width=right - left, height=bottom - top)

    def render(self, pixels: Pixels) -> Pixels:
        """Return the view's pixels (height, width, 3).

        The cost depends on the visible part of the image only. Padding has the median colour of
        the image border, because a contrast edge around the image distracts the detector.
        """
        padding = _border_colour(pixels)
        low, high = self._visible_range(pixels)
        if (low >= high).any():
            return np.full((self.height, self.width, 3), np.round(padding), np.uint8)
        matrix = self.matrix.copy()
        shrink = min(1.0, self.scale)
        (left, right, columns), (top, bottom, rows) = (
            _aligned_range(int(first), int(end), length, shrink)
            for first, end, length in zip(low, high, pixels.shape[1::-1], strict=True)
        )
        pixels = pixels[top:bottom, left:right]
        matrix[:, 2] += matrix[:, :2] @ (left, top)
        if shrink < 1.0:
            # Area averaging keeps thin strokes that sampling would lose.
            factor = np.array([(right - left) / columns, (bottom - top) / rows])
            resized = cv2.resize(pixels, (columns, rows), interpolation=cv2.INTER_AREA)
            pixels = np.asarray(resized, dtype=np.uint8)
            matrix[:, 2] += matrix[:, :2] @ (0.5 * factor - 0.5)
            matrix[:, :2] *= factor
        view = cv2.warpAffine(
            pixels,
            matrix,
            (self.width, self.height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=padding,
        )
        return np.asarray(view, dtype=np.uint8)

    def _visible_range(self, pixels: Pixels) -> tuple[Points, Points]:
        """Return the lowest and highest (x, y) of the image that the view depends on."""
        corners = self.to_image(image_corners(self.width, self.height))
        margin = 2 + 2 / min(1.0, self.scale)  # source pixels of an interpolated pixel
        size = pixels.shape[1::-1]
        low: Points = np.clip(np.floor(corners.min(axis=0) - margin), 0, size)
        high: Points = np.clip(np.ceil(corners.max(axis=0) + margin), 0, size)
        return low, high

    def to_image(self, points: Points) -> Points:
        """Map view points (N, 2) to image points."""
        inverse = np.linalg.inv(self.matrix[:, :2])
        result: Points = (points - self.matrix[:, 2]) @ inverse.T
        return result

    def to_view(self, points: Points) -> Points:
        """Map image points (N, 2) to view points."""
        result: Points = points @ self.matrix[:, :2].T + self.matrix[:, 2]
        return result


def max_view_scale(width: float, height: float, max_pixels: int) -> float:
    """Return the highest scale at which one detector run covers an area.

    Args:
        width: of the area, image pixels.
        height: of the area, image pixels.
        max_pixels: of the view.
    """
    return min(max_tiled_scale(width, height, max_pixels), MAX_SIDE_PX / max(width, height))


def max_tiled_scale(width: float, height: float, max_pixels: int) -> float:
    """Return the same for a view that is split into tiles: its sides may have any length."""
    return min(MAX_SCALE, math.sqrt(max_pixels / (width * height)))


def _aligned_range(first: int, end: int, length: int, shrink: float) -> tuple[int, int, int]:
    """Return a pixel range that downscales exactly as it does within the whole side.

    Args:
        first: of the wanted range.
        end: of the wanted range.
        length: of the image side, pixels.
        shrink: at most 1.

    Returns:
        First and end of the range, extended to where source and downscaled pixels share an edge,
        and its downscaled length.
    """
    resized = max(1, round(length * shrink))
    factor = length / resized
    low, high = math.floor(first / factor), min(resized, math.ceil(end / factor))
    before = np.arange(max(0, low - _ALIGNMENT_SEARCH_PX), low + 1) * factor
    after = np.arange(high, min(resized, high + _ALIGNMENT_SEARCH_PX) + 1) * factor
    left, right = (
        float(edges[np.argmin(np.abs(edges - np.round(edges)))]) for edges in (before, after)
    )
    return round(left), round(right), round((right - left) / factor)


def _border_colour(pixels: Pixels) -> tuple[float, float, float]:
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    red, green, blue = np.median(border, axis=0)
    return float(red), float(green), float(blue)
