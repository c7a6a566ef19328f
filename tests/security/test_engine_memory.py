"""Test the memory for recognition with much text, real or apparent.

Each image is recognized in a new process. Its peak memory is compared with the peak after loading
the models and recognizing a small image.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.unit.engine.images import draw_lines
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

def peak_memory():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\\s+(\\d+)", status.read())[1]) * 1024

engine = Engine()
warm, large = (np.load(path) for path in sys.argv[1:])
engine.recognize(warm)
before = peak_memory()
engine.recognize(large)
print(peak_memory() - before)
"""

LIMIT = 250 * EngineConfig().max_detection_pixels + 3 * MAX_TOTAL_PIXELS
"""Bytes, as documented: the detector's for one input, and the score maps of all inputs."""


def noise() -> Pixels:
    """Return noise, larger than one detector input."""
    return np.random.default_rng(0).integers(0, 256, (2000, 2000, 3), dtype=np.uint8)


def words() -> Pixels:
    """Return an image of the same size full of small words."""
    positions = [(20 + 180 * column, 20 + 100 * row) for row in range(20) for column in (0, 5, 10)]
    return draw_lines([(x, y, "market") for x, y in positions], width=2000, height=2000, size=16)


def strip() -> Pixels:
    """Return one line along the longest side."""
    return draw_lines([(4, -1, "market " * 150)], width=8192, height=15, size=12)


@pytest.mark.parametrize("image", [noise, words, strip])
def test_recognition_takes_no_more_memory_than_documented(
    image: Callable[[], Pixels], tmp_path: Path
) -> None:
    np.save(tmp_path / "warm.npy", draw_lines([(20, 20, "Good morning")]))
    np.save(tmp_path / "large.npy", image())
    found = subprocess.run(
        [sys.executable, "-c", READER, tmp_path / "warm.npy", tmp_path / "large.npy"],
        check=True,
        stdout=subprocess.PIPE,
    )
    assert int(found.stdout) <= LIMIT
