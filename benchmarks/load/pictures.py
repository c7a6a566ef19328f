"""The pictures that are sent, as files and as bodies of calls."""

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

_LARGE = (900_000, 1_150_000)
"""Bytes of a file that counts as one of 1 MB."""
_TRIES = 8


def choose(data: Path, sets: Sequence[str], most: int) -> list[bytes]:
    """Up to ``most`` picture files, as many of each set as can be, in a random order.

    The order is the same in every run.
    """
    columns = zip_longest(*(files_of(data / name) for name in sets))
    files = [file for file in chain.from_iterable(columns) if file is not None][:most]
    random.Random(0).shuffle(files)  # noqa: S311 - no secret
    return [file.read_bytes() for file in files]


def body_of(picture: bytes) -> bytes:
    """The JSON of a call for the picture."""
    return json.dumps({"image": base64.b64encode(picture).decode("ascii")}).encode("ascii")


def one_megabyte(pictures: Sequence[bytes]) -> bytes:
    """The largest of the pictures if it has about 1 MB; or else it, made so large, as a JPEG.

    Raises:
        ValueError: it cannot be brought to that size.
    """
    largest = max(pictures, key=len)
    low, high = _LARGE
    if low <= len(largest) <= high:
        return largest
    whole = Image.open(io.BytesIO(largest)).convert("RGB")
    scale = 1.0
    for _ in range(_TRIES):
        size = (round(whole.width * scale), round(whole.height * scale))
        file = io.BytesIO()
        whole.resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", quality=95)
        made = file.getvalue()
        if low <= len(made) <= high:
            return made
        scale *= math.sqrt(1_000_000 / len(made))
    raise ValueError("no picture of 1 MB could be made")
