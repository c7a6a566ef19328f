"""Choose the images to send, as files and as bodies of calls."""

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
"""Bytes; so near to 1 MB is near enough."""
_TRIES = 8


def choose(data: Path, sets: Sequence[str], most: int) -> list[bytes]:
    """Return up to ``most`` image files, balanced over the sets, in a random order.

    The order is the same in every run.
    """
    columns = zip_longest(*(files_of(data / name) for name in sets))
    files = [file for file in chain.from_iterable(columns) if file is not None][:most]
    random.Random(0).shuffle(files)  # noqa: S311 - no secret
    return [file.read_bytes() for file in files]


def body_of(picture: bytes) -> bytes:
    """Return the JSON body of a call for the image."""
    return json.dumps({"image": base64.b64encode(picture).decode("ascii")}).encode("ascii")


def one_megabyte(pictures: Sequence[bytes]) -> bytes:
    """Return a PNG file of about 1 MB, from the image that needs the least resizing.

    Raises:
        ValueError: it cannot be brought to that size.
    """
    picture, made = min(map(_as_png, pictures), key=lambda pair: abs(math.log(len(pair[1]) / _MB)))
    scale = 1.0
    for _ in range(_TRIES):
        if abs(len(made) - _MB) <= _TOLERANCE:
            return made
        scale *= math.sqrt(_MB / len(made))
        size = (round(picture.width * scale), round(picture.height * scale))
        made = _png(picture.resize(size, Image.Resampling.BICUBIC))
    raise ValueError("no picture of 1 MB could be made")


def _as_png(file: bytes) -> tuple[Image.Image, bytes]:
    picture = Image.open(io.BytesIO(file)).convert("RGB")
    return picture, _png(picture)


def _png(picture: Image.Image) -> bytes:
    made = io.BytesIO()
    picture.save(made, "PNG")
    return made.getvalue()
