"""The memory that reading takes, however much text there is or seems to be.

Each picture is read in a process of its own, whose greatest memory is compared with what it held
before, models loaded and a small picture read.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.unit.engine.pictures import written
from web_image_ocr import EngineConfig
from web_image_ocr.engine.detection.multiscale import MAX_TOTAL_PIXELS
from web_image_ocr.primitives.pixels import Pixels

pytestmark = [
    pytest.mark.models,
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="read from /proc"),
]

READER = """
import re, sys
import numpy as np
from web_image_ocr import Engine

def greatest_memory():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\\s+(\\d+)", status.read())[1]) * 1024

engine = Engine()
warm, large = (np.load(path) for path in sys.argv[1:])
engine.recognize(warm)
before = greatest_memory()
engine.recognize(large)
print(greatest_memory() - before)
"""

BOUND = 250 * EngineConfig().max_detection_pixels + 3 * MAX_TOTAL_PIXELS
"""Bytes, as documented: the detector's of what it sees at once, and maps of all that it sees."""


def noise() -> Pixels:
    """Larger than the detector sees at once."""
    return np.random.default_rng(0).integers(0, 256, (2000, 2000, 3), dtype=np.uint8)


def words() -> Pixels:
    """Small words over all of a picture of the same size."""
    places = [(20 + 180 * column, 20 + 100 * row) for row in range(20) for column in (0, 5, 10)]
    return written([(x, y, "market") for x, y in places], width=2000, height=2000, size=16)


def strip() -> Pixels:
    """One line, all along the longest side."""
    return written([(4, -1, "market " * 150)], width=8192, height=15, size=12)


@pytest.mark.parametrize("picture", [noise, words, strip])
def test_reading_takes_no_more_memory_than_documented(
    picture: Callable[[], Pixels], tmp_path: Path
) -> None:
    np.save(tmp_path / "warm.npy", written([(20, 20, "Good morning")]))
    np.save(tmp_path / "large.npy", picture())
    found = subprocess.run(
        [sys.executable, "-c", READER, tmp_path / "warm.npy", tmp_path / "large.npy"],
        check=True,
        stdout=subprocess.PIPE,
    )
    assert int(found.stdout) <= BOUND
