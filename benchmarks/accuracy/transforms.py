"""Transform labelled images into harder ones: rotate them, stack them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from benchmarks.dataset import Points, Sample
from benchmarks.engines import FoundLine
from web_image_ocr.primitives.pixels import Pixels


def turned(sample: Sample, angle: float) -> Sample:
    """Return the sample rotated clockwise by ``angle`` degrees, with its labels.

    The canvas grows to hold the whole image; what is new is filled with the median colour
    of the image's border. Multiples of 90 degrees lose nothing.
    """
    height, width = sample.pixels.shape[:2]
    turn = np.deg2rad(angle)
    cos, sin = np.round(np.cos(turn), 12), np.round(np.sin(turn), 12)
    linear = np.array([[cos, -sin], [sin, cos]])
    corners = np.array(
        [[-0.5, -0.5], [width - 0.5, -0.5], [width - 0.5, height - 0.5], [-0.5, height - 0.5]]
    )
    seen = corners @ linear.T
    size = np.ceil(np.ptp(seen, axis=0) - 1e-6).astype(int)
    shift = -0.5 - seen.min(axis=0)
    pixels = cv2.warpAffine(
        sample.pixels,
        np.column_stack([linear, shift]),
        (int(size[0]), int(size[1])),
        flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=_border_colour(sample.pixels),
    )
    labels = tuple(
        label if label.quad is None else replace(label, quad=label.quad @ linear.T + shift)
        for label in sample.labels
    )
    return replace(sample, pixels=np.asarray(pixels, dtype=np.uint8), labels=labels)


def stacked(pictures: Sequence[Pixels]) -> Pixels:
    """Return one image of all below one another, flush left.

    The right of the narrower ones is filled with the median colour of their own border.
    """
    width = max(pixels.shape[1] for pixels in pictures)
    return np.vstack([_padded(pixels, width) for pixels in pictures])


def cut_apart(lines: Iterable[FoundLine], pictures: Sequence[Pixels]) -> list[list[FoundLine]]:
    """Return the lines found in a stack, by the images it was made of.

    A line belongs to the image that contains its centre, in that image's coordinates.
    """
    tops = np.cumsum([0, *(pixels.shape[0] for pixels in pictures)])
    parts: list[list[FoundLine]] = [[] for _ in pictures]
    for line in lines:
        part = int(np.searchsorted(tops, line.quad[:, 1].mean(), side="right")) - 1
        part = min(max(part, 0), len(parts) - 1)
        parts[part].append(replace(line, quad=line.quad - _down(tops[part])))
    return parts


def _down(distance: float) -> Points:
    return np.array([0.0, distance])


def _padded(pixels: Pixels, width: int) -> Pixels:
    missing = width - pixels.shape[1]
    return np.asarray(
        cv2.copyMakeBorder(
            pixels, 0, 0, 0, missing, cv2.BORDER_CONSTANT, value=_border_colour(pixels)
        ),
        dtype=np.uint8,
    )


def _border_colour(pixels: Pixels) -> tuple[float, float, float]:
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    red, green, blue = np.median(border, axis=0)
    return float(red), float(green), float(blue)
