"""Test the memory for decoding large images.

Each image is decoded in a new process, whose peak memory is compared with the peak before. The
expected figures are those of ``ImageLimits.max_pixels``.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from tests.support.images import encode_image, quadrants

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="read from /proc"),
]

SIDE = 4096
"""Half of the maximum side: memory is proportional to the pixels."""

ALLOWANCE = 1.0
"""Bytes per pixel above the documented figure, for buffers and the file itself."""

DECODER = """
import re, sys
from web_image_ocr.images import ImageLimits, decode

def peak_memory():
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\\s+(\\d+)", status.read())[1]) * 1024

limits = ImageLimits.for_edition("2021")
warm, large = (open(path, "rb").read() for path in sys.argv[1:])
decode(warm, limits)
before = peak_memory()
decode(large, limits)
print(peak_memory() - before)
"""


def bytes_per_pixel(data: bytes, warm: bytes, folder: Path) -> float:
    (folder / "warm").write_bytes(warm)
    (folder / "large").write_bytes(data)
    found = subprocess.run(
        [sys.executable, "-c", DECODER, folder / "warm", folder / "large"],
        check=True,
        stdout=subprocess.PIPE,
    )
    return int(found.stdout) / SIDE**2


def large(mode: str) -> Image.Image:
    """Return stripes in two grays; decoder memory does not depend on the content."""
    rows = np.repeat(np.array([90, 200], dtype=np.uint8), 64)
    stripes = np.tile(rows[:, None], (SIDE // 128, SIDE))
    return Image.fromarray(stripes).convert(mode)


ONE_STRIP = {"compression": "tiff_adobe_deflate", "tiffinfo": {278: SIDE}}

CASES: dict[str, tuple[str, str, dict[str, Any], float]] = {
    "jpeg": ("RGB", "JPEG", {}, 7),
    "progressive jpeg": ("RGB", "JPEG", {"progressive": True, "subsampling": 0}, 10),
    "cmyk jpeg": ("CMYK", "JPEG", {"progressive": True, "subsampling": 0}, 12),
    "png": ("RGB", "PNG", {"compress_level": 1}, 7),
    "png with alpha": ("RGBA", "PNG", {"compress_level": 1}, 8),
    "16-bit png": ("I;16", "PNG", {"compress_level": 1}, 7),
    "tiff of floats, in one strip": ("F", "TIFF", ONE_STRIP, 8),
    "cmyk tiff, in one strip": ("CMYK", "TIFF", ONE_STRIP, 8),
    "webp": ("RGB", "WEBP", {"method": 0}, 6),
    "webp with alpha": ("RGBA", "WEBP", {"method": 0}, 8),
    "animated webp": ("RGB", "WEBP", {"method": 0, "save_all": True}, 16),
}


@pytest.mark.parametrize("name", CASES)
def test_large_image_takes_no_more_than_documented(name: str, tmp_path: Path) -> None:
    mode, image_format, options, documented = CASES[name]
    image = large("L" if mode == "I;16" else mode)
    if mode == "RGBA":
        image.putpixel((0, 0), (0, 0, 0, 0))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 257)
    if options.get("save_all"):
        options = {**options, "append_images": [ImageOps.invert(image)]}
    data = encode_image(image, image_format, **options)
    found = bytes_per_pixel(data, encode_image(quadrants(), image_format), tmp_path)
    assert found <= documented + ALLOWANCE


@pytest.mark.parametrize("progressive", [False, True])
def test_jpeg_without_end_marker_takes_no_more(tmp_path: Path, progressive: bool) -> None:
    """It is decoded three times, but only one image is held at a time."""
    data = encode_image(large("RGB"), "JPEG", progressive=progressive)
    found = bytes_per_pixel(data[:-2], encode_image(quadrants(), "JPEG"), tmp_path)
    assert found <= (10 if progressive else 7) + ALLOWANCE
