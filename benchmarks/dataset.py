"""Read labelled images: ``<set>/images/*`` and ``<set>/labels.jsonl``.

Each line of the labels is one image::

    {"image": "a.jpg", "width": 640, "height": 480,
     "lines": [{"text": "...", "quad": [[x, y], [x, y], [x, y], [x, y]] or null, "ignore": false}]}

``partial`` on an image and ``loose`` on a line are optional, see `Sample` and `Label`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.text import ANY_GLYPH
from benchmarks.traits import Traits, traits_of
from web_image_ocr.primitives.pixels import Pixels

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Label:
    """One labelled text.

    Attributes:
        text: what is written; `ANY_GLYPH` where the label lost a glyph.
        quad: (4, 2) pixels, or none where only the whole image's text is known.
        ignore: neither its absence nor its presence counts.
        loose: the quad is that of a view on screen, larger than the text.
    """

    text: str
    quad: Points | None
    ignore: bool = False
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """Represent an image with its labels.

    Attributes:
        name: of the image's file.
        pixels: (H, W, 3) RGB, transparency laid on white.
        labels: its texts.
        partial: the image shows more text than the labels cover.
        ordered: the labels stand in reading order.
    """

    name: str
    pixels: Pixels
    labels: tuple[Label, ...]
    partial: bool = False
    ordered: bool = False


def set_names(data: Path) -> list[str]:
    """Return the sets in a folder, by name."""
    return sorted(labels.parent.name for labels in data.glob("*/labels.jsonl"))


def load_set(folder: Path) -> Iterator[Sample]:
    """Yield the samples of one set, in the order of its label file."""
    traits = traits_of(folder.name)
    for record in _records(folder):
        yield Sample(
            name=record["image"],
            pixels=_decode(_file(folder, record)),
            labels=tuple(_label(entry, traits) for entry in record["lines"]),
            partial=bool(record.get("partial")),
            ordered=traits.ordered,
        )


def files_of(folder: Path) -> list[Path]:
    """Return the image files of one set, in the same order."""
    return [_file(folder, record) for record in _records(folder)]


def _records(folder: Path) -> Iterator[dict[str, Any]]:
    with (folder / "labels.jsonl").open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _file(folder: Path, record: dict[str, Any]) -> Path:
    return folder / "images" / str(record["image"])


def _label(entry: dict[str, Any], traits: Traits) -> Label:
    text, quad = entry["text"], entry["quad"]
    return Label(
        text=text.replace(traits.lost_glyph, ANY_GLYPH) if traits.lost_glyph else text,
        quad=None if quad is None else np.array(quad, dtype=np.float64),
        ignore=bool(entry["ignore"]),
        loose=bool(entry.get("loose")),
    )


def _decode(path: Path) -> Pixels:
    with Image.open(path) as picture:
        rgba = picture.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return np.asarray(Image.alpha_composite(white, rgba).convert("RGB"), dtype=np.uint8)
