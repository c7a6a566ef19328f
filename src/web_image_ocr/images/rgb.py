"""Convert all Pillow modes to RGB, with alpha compositing, one strip of rows at a time.

Converting a whole image at once would hold two or three more copies: 500 MB at 8192 x 8192 pixels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from web_image_ocr.primitives.pixels import Pixels

NEAR_WHITE = 204
"""Luma (0 to 255) from which a pixel is illegible on white: its contrast with white is under
1.6:1 by WCAG 2, with black over 13:1."""

DARK = 89
"""Luma below which a gray pixel is hard to read on black: contrast under 3:1 by WCAG 2."""

_VISIBLE = 128
"""Alpha (0 to 255) from which a pixel counts as visible when the background is chosen."""

_FLOAT_RANGE = 1e30
"""Floats are clipped to this magnitude, so that their differences do not overflow."""

_STRIP_ROWS = 64
_ALPHA_MODES = frozenset({"RGBA", "RGBa", "LA", "La", "PA"})
_WIDE_MODES = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I", "F"})

_Convert = Callable[[Image.Image], Image.Image]
"""Converts one strip of an image."""


def rgb_pixels(image: Image.Image) -> Pixels:
    """Return a loaded image as (H, W, 3) uint8 RGB, composited on white or black.

    16-bit values are scaled to 8 bits. 32-bit integers and floats have no standard range, so they
    are scaled from their minimum and maximum to 0 and 255.
    """
    to_rgb = _conversion(image)
    pixels: Pixels = np.empty((image.height, image.width, 3), dtype=np.uint8)
    for number, strip in enumerate(strips(image)):
        pixels[number * _STRIP_ROWS :][: strip.height] = np.asarray(to_rgb(strip))
    return pixels


def strips(image: Image.Image) -> Iterator[Image.Image]:
    """Yield the image in strips of rows, from top to bottom."""
    for top in range(0, image.height, _STRIP_ROWS):
        yield image.crop((0, top, image.width, min(top + _STRIP_ROWS, image.height)))


def _conversion(image: Image.Image) -> _Convert:
    """Return the function that converts each strip of this image to RGB."""
    if image.mode in _WIDE_MODES:
        return _wide_conversion(image)
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        return lambda strip: strip.convert("RGB")
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        return _alpha_compositing(image, lambda strip: strip.convert("RGBA"))
    if image.mode == "LAB":
        return _lab_to_rgb
    return lambda strip: strip if strip.mode == "RGB" else strip.convert("RGB")


def _wide_conversion(image: Image.Image) -> _Convert:
    to_gray = _gray_conversion(image)
    if "transparency" not in image.info:
        return lambda strip: to_gray(strip).convert("RGB")
    transparent = image.info["transparency"]

    def to_rgba(strip: Image.Image) -> Image.Image:
        rgba = to_gray(strip).convert("RGBA")
        alpha = np.where(np.asarray(strip) == transparent, 0, 255)
        rgba.putalpha(Image.fromarray(alpha.astype(np.uint8)))
        return rgba

    return _alpha_compositing(image, to_rgba)


def _gray_conversion(image: Image.Image) -> _Convert:
    """Return the function that converts each strip of an image in a wide mode to 8-bit gray."""
    if image.mode.startswith("I;16"):
        return lambda strip: _to_uint8(np.asarray(strip).astype(np.uint32) * 255 // 65535)
    least, greatest = np.inf, -np.inf
    for strip in strips(image):
        floats = _floats(strip)
        least, greatest = min(least, floats.min()), max(greatest, floats.max())
    scale = np.float32(255.0 / (float(np.float32(greatest) - np.float32(least)) or 1.0))
    return lambda strip: _to_uint8((_floats(strip) - np.float32(least)) * scale)


def _floats(strip: Image.Image) -> npt.NDArray[np.float32]:
    floats = np.nan_to_num(np.asarray(strip).astype(np.float32), copy=False)
    return np.clip(floats, -_FLOAT_RANGE, _FLOAT_RANGE, out=floats)


def _to_uint8(values: npt.NDArray[np.generic]) -> Image.Image:
    return Image.fromarray(values.astype(np.uint8))


@cache
def _lab_transform() -> ImageCms.ImageCmsTransform:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB")


def _lab_to_rgb(strip: Image.Image) -> Image.Image:
    converted = ImageCms.applyTransform(strip, _lab_transform())
    if converted is None:
        raise ValueError("the Lab colors cannot be converted")
    return converted


def _alpha_compositing(image: Image.Image, to_rgba: _Convert) -> _Convert:
    """Return the function that composites each strip on the background of the image."""
    background = _background(image, to_rgba)

    def composite(strip: Image.Image) -> Image.Image:
        rgba = to_rgba(strip)
        rgb = Image.new("RGB", rgba.size, background)
        rgb.paste(rgba, mask=rgba.getchannel("A"))
        return rgb

    return composite


def _background(image: Image.Image, to_rgba: _Convert) -> str:
    """Choose black where more pixels next to the background would be illegible on white.

    Pixels further inside, such as the text on a white label, look the same on both.
    """
    lost_on_white = lost_on_black = 0
    for top in range(0, image.height, _STRIP_ROWS):
        first, last = max(0, top - 1), min(image.height, top + _STRIP_ROWS + 1)
        strip = to_rgba(image.crop((0, first, image.width, last)))
        counted = slice(top - first, min(image.height, top + _STRIP_ROWS) - first)
        edge = np.asarray(strip.convert("L"))[counted][_visible_edge(strip)[counted]]
        lost_on_white += int(np.count_nonzero(edge >= NEAR_WHITE))
        lost_on_black += int(np.count_nonzero(edge < DARK))
    return "black" if lost_on_white > lost_on_black else "white"


def _visible_edge(strip: Image.Image) -> npt.NDArray[np.bool_]:
    """Return the mask (H, W) of visible pixels with an invisible neighbor."""
    visible = np.asarray(strip.getchannel("A")) >= _VISIBLE
    inside = visible.copy()
    inside[1:] &= visible[:-1]
    inside[:-1] &= visible[1:]
    inside[:, 1:] &= visible[:, :-1]
    inside[:, :-1] &= visible[:, 1:]
    edge: npt.NDArray[np.bool_] = visible & ~inside
    return edge
