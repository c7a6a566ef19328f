"""Load labelled images: ``<set>/images/*`` and ``<set>/labels.jsonl``.

Each line of ``labels.jsonl`` describes one image::

    {"image": "a.jpg", "width": 640, "height": 480,
     "lines": [{"text": "...", "quad": [[x, y], [x, y], [x, y], [x, y]] or null, "ignore": false}]}

``partial`` of an image and ``loose`` of a line are optional, see `Sample` and `Label`.
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
from web_image_ocr.primitives.pixels import Pixels

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Label:
    """Represent one labelled line or word.

    Attributes:
        text: Text; `ANY_GLYPH` where the label lost a glyph.
        quad: (4, 2) pixels; None where only the text of the whole image is known.
        ignore: Not scored, found or not.
        loose: The quad is that of a UI view, larger than the text.
    """

    text: str
    quad: Points | None
    ignore: bool = False
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """Hold an image with its labels.

    Attributes:
        name: File name.
        pixels: (H, W, 3) RGB; transparency is composited on white.
        labels: Labelled texts.
        partial: The image shows more text than the labels cover.
        ordered: The labels are in reading order.
    """

    name: str
    pixels: Pixels
    labels: tuple[Label, ...]
    partial: bool = False
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Traits:
    """Describe what the labels of a set do not show.

    Attributes:
        main: Main metric, ``word_f`` or ``character_f``; recall replaces it where the labels
            cover only part of the text.
        lost_glyph: Character in place of a glyph that the labels' encoding lost.
        ordered: The labels are in reading order.
        group: Kind of images for latency: ``web`` (web pages and screens), ``dense`` (pages
            full of text) or None.
    """

    main: str = "word_f"
    lost_glyph: str | None = None
    ordered: bool = False
    group: str | None = None


_KNOWN = {
    "born_digital_icdar2013_ch1": Traits(group="web"),
    "fdroid_app_ui": Traits(group="web"),
    "funsd_test": Traits(group="dense"),
    "memes_zh": Traits(group="web"),
    "mtwi20": Traits(lost_glyph="?", group="web"),
    "scribe_docs": Traits(ordered=True),
    "sroie": Traits(ordered=True, group="dense"),
    "weibo_app_ui": Traits(group="web"),
    "wildreceipt60": Traits(main="character_f"),  # its labels drop spaces
}


def traits_of(set_name: str) -> Traits:
    """Return the traits of a set; the defaults for an unknown set."""
    return _KNOWN.get(set_name, Traits())


def set_names(data: Path) -> list[str]:
    """Return the names of the sets in a folder, sorted."""
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
    with Image.open(path) as image:
        rgba = image.convert("RGBA")
    white = Image.new("RGBA", rgba.size, "white")
    return np.asarray(Image.alpha_composite(white, rgba).convert("RGB"), dtype=np.uint8)
