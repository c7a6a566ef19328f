"""Labelled pictures: ``<set>/images/*`` and ``<set>/labels.jsonl``.

Each line of the labels is one picture::

    {"image": "a.jpg", "width": 640, "height": 480,
     "lines": [{"text": "...", "quad": [[x, y], ...] or null, "ignore": false}, ...]}
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from web_image_ocr.primitives.image import Pixels

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Label:
    """One labelled text.

    Attributes:
        text: what is written.
        quad: (4, 2) pixels, or none where only the whole picture's text is known.
        ignore: neither its absence nor its presence counts.
    """

    text: str
    quad: Points | None
    ignore: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture with its labels.

    Attributes:
        pixels: (H, W, 3) RGB, transparency laid on white.
        labels: its texts.
        partial: the picture shows more text than the labels cover.
    """

    pixels: Pixels
    labels: tuple[Label, ...]
    partial: bool


def load_set(folder: Path) -> Iterator[Sample]:
    """The samples of one set, in the order of its label file."""
    with (folder / "labels.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            record: dict[str, Any] = json.loads(line)
            yield Sample(
                pixels=_decode(folder / "images" / record["image"]),
                labels=tuple(_label(entry) for entry in record["lines"]),
                partial=bool(record.get("partial")),
            )


def turned(sample: Sample, angle: float) -> Sample:
    """The sample turned clockwise by ``angle`` degrees, labels with it.

    The canvas grows to hold the whole picture; what is new is filled with the median colour
    of the picture's border. Multiples of 90 degrees lose nothing.
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


def _label(entry: dict[str, Any]) -> Label:
    quad = entry["quad"]
    return Label(
        text=entry["text"],
        quad=None if quad is None else np.array(quad, dtype=np.float64),
        ignore=bool(entry["ignore"]),
    )


def _decode(path: Path) -> Pixels:
    with Image.open(path) as picture:
        rgba = picture.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return np.asarray(Image.alpha_composite(white, rgba).convert("RGB"), dtype=np.uint8)


def _border_colour(pixels: Pixels) -> tuple[float, float, float]:
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    red, green, blue = np.median(border, axis=0)
    return float(red), float(green), float(blue)
