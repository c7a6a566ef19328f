"""Choose the images to send and build request bodies."""

from __future__ import annotations

import base64
import io
import json
import math
import random
from collections.abc import Sequence
from itertools import chain, zip_longest
from pathlib import Path

from PIL import Image

from benchmarks.dataset import files_of

_MB = 1_000_000
_TOLERANCE = 50_000
"""Bytes."""
_TRIES = 8


def choose(data: Path, sets: Sequence[str], most: int) -> list[bytes]:
    """Return up to ``most`` image files, evenly from all sets, in a reproducible random order."""
    columns = zip_longest(*(files_of(data / name) for name in sets))
    files = [file for file in chain.from_iterable(columns) if file is not None][:most]
    random.Random(0).shuffle(files)  # noqa: S311 - no secret
    return [file.read_bytes() for file in files]


def body_of(image: bytes) -> bytes:
    """Return the JSON body of a call with an image."""
    return json.dumps({"image": base64.b64encode(image).decode("ascii")}).encode("ascii")


def one_megabyte(images: Sequence[bytes]) -> bytes:
    """Resize the image that is closest to 1 MB as PNG to about 1 MB.

    Raises:
        ValueError: Resizing does not converge.
    """
    image, made = min(map(_as_png, images), key=lambda pair: abs(math.log(len(pair[1]) / _MB)))
    scale = 1.0
    for _ in range(_TRIES):
        if abs(len(made) - _MB) <= _TOLERANCE:
            return made
        scale *= math.sqrt(_MB / len(made))
        size = (round(image.width * scale), round(image.height * scale))
        made = _png(image.resize(size, Image.Resampling.BICUBIC))
    raise ValueError(f"no PNG of 1 MB after {_TRIES} resizes; choose other images")


def _as_png(file: bytes) -> tuple[Image.Image, bytes]:
    image = Image.open(io.BytesIO(file)).convert("RGB")
    return image, _png(image)


def _png(image: Image.Image) -> bytes:
    made = io.BytesIO()
    image.save(made, "PNG")
    return made.getvalue()
