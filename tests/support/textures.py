"""Draw images without text: noise, patterns, dots, QR codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from web_image_ocr.primitives.pixels import Pixels

NOISE_SIZES = ((64, 64), (200, 150), (640, 480))
"""Width and height in pixels."""
PERIODS = (1, 2, 3, 8, 32)
"""Of patterns, in pixels."""
DOT_RADII = (0, 1, 3, 8)
DOT_CENTRES = ((320, 240), (0, 0), (100, 479))
QR_MODULES = (3, 5, 8, 12)
"""Sides of a module in pixels."""
QR_TEXTS = {"short": "https://example.org/", "long": "0123456789" * 12}


def to_image(values: npt.NDArray[Any]) -> Pixels:
    """Return (H, W) greys or (H, W, 3) colours as an image, clipped to 0 to 255."""
    pixels = np.clip(values, 0, 255).astype(np.uint8)
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def enlarged(values: npt.NDArray[Any], factor: int) -> npt.NDArray[Any]:
    """Return each pixel as a square of ``factor`` pixels."""
    return values.repeat(factor, axis=0).repeat(factor, axis=1)


def clouds(random: np.random.Generator, width: int, height: int) -> npt.NDArray[Any]:
    """Return soft spots of a few pixels."""
    noise = random.normal(0.0, 1.0, (height, width, 3))
    return 128 + 200 * np.asarray(cv2.GaussianBlur(noise, (0, 0), 3))


NOISE: dict[str, Callable[[np.random.Generator, int, int], npt.NDArray[Any]]] = {
    "colours": lambda random, w, h: random.integers(0, 256, (h, w, 3)),
    "greys": lambda random, w, h: random.integers(0, 256, (h, w)),
    "black and white": lambda random, w, h: 255 * random.integers(0, 2, (h, w)),
    "gaussian colours": lambda random, w, h: random.normal(128, 40, (h, w, 3)),
    "gaussian greys": lambda random, w, h: random.normal(128, 40, (h, w)),
    "specks": lambda random, w, h: 255 * (random.random((h, w)) > 0.01),
    "clouds": clouds,
    "tiles": lambda random, w, h: enlarged(random.integers(0, 256, (h // 8, w // 8, 3)), 8),
    # Ten by ten of these can look like a letter: one in fifteen such images is read as one.
    "blocks": lambda random, w, h: enlarged(255 * random.integers(0, 2, (h // 6, w // 6)), 6),
}
PATTERNS: dict[str, Callable[[npt.NDArray[Any], npt.NDArray[Any]], npt.NDArray[Any]]] = {
    "checks": lambda x, y: x + y,
    "rows": lambda _, y: y,
    "columns": lambda x, _: x,
    "crossing rows and columns": lambda x, y: x * y,
}


def noise(kind: str, size: tuple[int, int], seed: int | Sequence[int]) -> Pixels:
    """Return noise of a kind in `NOISE`; ``size`` is width and height."""
    return to_image(NOISE[kind](np.random.default_rng(seed), *size))


def pattern(kind: str, period: int) -> Pixels:
    """Return a black and white pattern of a kind in `PATTERNS`, 640 x 480."""
    y, x = np.mgrid[:480, :640] // period
    return to_image(255 * (PATTERNS[kind](x, y) % 2))


def dot(centre: tuple[int, int], radius: int) -> Pixels:
    """Return a black dot on white, 640 x 480."""
    pixels = to_image(np.full((480, 640), 255))
    cv2.circle(pixels, centre, radius, (0, 0, 0), cv2.FILLED)
    return pixels


def qr_code(text: str, module: int) -> Pixels:
    """Return a QR code with a border of 40 pixels."""
    code = enlarged(np.asarray(cv2.QRCodeEncoder.create().encode(text)), module)
    return to_image(np.pad(code, 40, constant_values=255))
