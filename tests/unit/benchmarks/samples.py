"""Build small synthetic images, labels and answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.dataset import Label, Points, Sample
from benchmarks.engines import FoundLine


def box(x: float, y: float, width: float, height: float) -> Points:
    return np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], float)


def label(text: str, quad: Points | None, *, ignore: bool = False, loose: bool = False) -> Label:
    return Label(text=text, quad=quad, ignore=ignore, loose=loose)


def found(text: str, quad: Points, confidence: float | None = None) -> FoundLine:
    return FoundLine(text, quad, confidence)


def sample(labels: Sequence[Label], *, partial: bool = False, ordered: bool = False) -> Sample:
    pixels = np.full((40, 60, 3), 200, np.uint8)
    return Sample("made-up.png", pixels, tuple(labels), partial=partial, ordered=ordered)


def write_set(folder: Path, **record: object) -> Path:
    """Write a set with one transparent image and one label; return the folder."""
    (folder / "images").mkdir(parents=True)
    Image.new("RGBA", (30, 20), (0, 0, 0, 0)).save(folder / "images" / "a.png")
    line = {"text": "a?b", "quad": [[0, 0], [9, 0], [9, 9], [0, 9]], "ignore": False}
    image = {"image": "a.png", "width": 30, "height": 20, "lines": [line], **record}
    (folder / "labels.jsonl").write_text(json.dumps(image) + "\n", encoding="utf-8")
    return folder
