"""Make harder images from labelled ones: rotate them, stack them vertically."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import cv2
import numpy as np

from benchmarks.dataset import Sample
from benchmarks.engines import FoundLine
from web_image_ocr.primitives.pixels import Pixels


def rotate(sample: Sample, angle: float) -> Sample:
    """Rotate a sample clockwise by ``angle`` degrees, with its labels.

    The canvas grows to contain the whole image and is padded with the median colour of the
    image's border. Multiples of 90 degrees are lossless.
    """
    height, width = sample.pixels.shape[:2]
    turn = np.deg2rad(angle)
    cos, sin = np.round(np.cos(turn), 12), np.round(np.sin(turn), 12)
    linear = np.array([[cos, -sin], [sin, cos]])
    corners = np.array(
        [[-0.5, -0.5], [width - 0.5, -0.5], [width - 0.5, height - 0.5], [-0.5, height - 0.5]]
    )
    rotated = corners @ linear.T
    size = np.ceil(np.ptp(rotated, axis=0) - 1e-6).astype(int)
    shift = -0.5 - rotated.min(axis=0)
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


def stack_images(images: Sequence[Pixels]) -> Pixels:
    """Stack images vertically, aligned left.

    Narrower images are padded on the right with the median colour of their border.
    """
    width = max(pixels.shape[1] for pixels in images)
    return np.vstack([_padded(pixels, width) for pixels in images])


def split_stack(lines: Iterable[FoundLine], images: Sequence[Pixels]) -> list[list[FoundLine]]:
    """Assign the lines of a stack to its images, quads in the frame of the image.

    A line belongs to the image that contains its centre.
    """
    tops = np.cumsum([0, *(pixels.shape[0] for pixels in images)])
    parts: list[list[FoundLine]] = [[] for _ in images]
    for line in lines:
        part = int(np.searchsorted(tops, line.quad[:, 1].mean(), side="right")) - 1
        part = min(max(part, 0), len(parts) - 1)
        parts[part].append(replace(line, quad=line.quad - np.array([0.0, tops[part]])))
    return parts


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
