"""Any of Pillow's pixel modes to plain RGB, a band of rows at a time.

In one go, two or three more copies of the picture would be held: half a gigabyte for 8,192 x 8,192.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from web_image_ocr.primitives.pixels import Pixels

NEARLY_WHITE = 204
"""Luma (0 to 255) from which a pixel is lost on white: contrast with white is under
1.6 : 1 by the WCAG 2 formula, too little to read; contrast with black is over 13 : 1."""

DARK = 89
"""Luma below which a grey pixel is hard to read on black: contrast under 3 : 1 by WCAG 2."""

_VISIBLE = 128
"""Alpha (0 to 255) from which a pixel counts as visible when the background is chosen."""

_FLOAT_RANGE = 1e30
"""Floats are cut to this, so that their differences are still floats."""

_BAND_ROWS = 64
"""Rows converted at once."""

_ALPHA_MODES = frozenset({"RGBA", "RGBa", "LA", "La", "PA"})
_WIDE_MODES = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I", "F"})


_Band = Callable[[Image.Image], Image.Image]
"""Makes RGB of a band of the picture."""


def rgb_pixels(image: Image.Image) -> Pixels:
    """The loaded picture as an array (H, W, 3), transparency laid on white or black.

    Values of 16 bits are scaled to 8; whole numbers of 32 bits and floats, which have
    no agreed range, are stretched from their least to their greatest value.
    """
    converted = _conversion(image)
    pixels: Pixels = np.empty((image.height, image.width, 3), dtype=np.uint8)
    for number, band in enumerate(bands(image)):
        pixels[number * _BAND_ROWS :][: band.height] = np.asarray(converted(band))
    return pixels


def bands(image: Image.Image) -> Iterator[Image.Image]:
    """The picture in bands of rows, from top to bottom."""
    for top in range(0, image.height, _BAND_ROWS):
        yield image.crop((0, top, image.width, min(top + _BAND_ROWS, image.height)))


def _conversion(image: Image.Image) -> _Band:
    """What makes RGB of each band of this picture."""
    if image.mode in _WIDE_MODES:
        return _conversion_of_wide(image)
    if image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255):
        return lambda band: band.convert("RGB")
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        return _conversion_of_transparent(image, lambda band: band.convert("RGBA"))
    if image.mode == "LAB":
        return _lab_to_rgb
    return lambda band: band if band.mode == "RGB" else band.convert("RGB")


def _conversion_of_wide(image: Image.Image) -> _Band:
    grey = _grey_of_wide(image)
    if "transparency" not in image.info:
        return lambda band: grey(band).convert("RGB")
    unseen = image.info["transparency"]

    def with_alpha(band: Image.Image) -> Image.Image:
        shown = grey(band).convert("RGBA")
        alpha = np.where(np.asarray(band) == unseen, 0, 255)
        shown.putalpha(Image.fromarray(alpha.astype(np.uint8)))
        return shown

    return _conversion_of_transparent(image, with_alpha)


def _grey_of_wide(image: Image.Image) -> _Band:
    if image.mode.startswith("I;16"):
        return lambda band: _eight_bits(np.asarray(band).astype(np.uint32) * 255 // 65535)
    least, greatest = np.inf, -np.inf
    for band in bands(image):
        floats = _floats(band)
        least, greatest = min(least, floats.min()), max(greatest, floats.max())
    stretch = np.float32(255.0 / (float(np.float32(greatest) - np.float32(least)) or 1.0))
    return lambda band: _eight_bits((_floats(band) - np.float32(least)) * stretch)


def _floats(band: Image.Image) -> npt.NDArray[np.float32]:
    floats = np.nan_to_num(np.asarray(band).astype(np.float32), copy=False)
    return np.clip(floats, -_FLOAT_RANGE, _FLOAT_RANGE, out=floats)


def _eight_bits(values: npt.NDArray[np.generic]) -> Image.Image:
    return Image.fromarray(values.astype(np.uint8))


@cache
def _lab_transform() -> ImageCms.ImageCmsTransform:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB")


def _lab_to_rgb(band: Image.Image) -> Image.Image:
    converted = ImageCms.applyTransform(band, _lab_transform())
    if converted is None:
        raise ValueError("the Lab colours cannot be converted")
    return converted


def _conversion_of_transparent(image: Image.Image, with_alpha: _Band) -> _Band:
    """Lays each band, which ``with_alpha`` makes RGBA of, on the background of all."""
    background = _background(image, with_alpha)

    def laid(band: Image.Image) -> Image.Image:
        shown = with_alpha(band)
        ground = Image.new("RGB", shown.size, background)
        ground.paste(shown, mask=shown.getchannel("A"))
        return ground

    return laid


def _background(image: Image.Image, with_alpha: _Band) -> str:
    """Black where more of what borders on the background would be lost on white.

    What lies inside, such as the print on a white label, looks the same on either.
    """
    lost_on_white = lost_on_black = 0
    for top in range(0, image.height, _BAND_ROWS):
        first, last = max(0, top - 1), min(image.height, top + _BAND_ROWS + 1)
        band = with_alpha(image.crop((0, first, image.width, last)))
        counted = slice(top - first, min(image.height, top + _BAND_ROWS) - first)
        rim = np.asarray(band.convert("L"))[counted][_rim(band)[counted]]
        lost_on_white += int(np.count_nonzero(rim >= NEARLY_WHITE))
        lost_on_black += int(np.count_nonzero(rim < DARK))
    return "black" if lost_on_white > lost_on_black else "white"


def _rim(band: Image.Image) -> npt.NDArray[np.bool_]:
    """The visible pixels with a neighbour that is not."""
    visible = np.asarray(band.getchannel("A")) >= _VISIBLE
    inside = visible.copy()
    inside[1:] &= visible[:-1]
    inside[:-1] &= visible[1:]
    inside[:, 1:] &= visible[:, :-1]
    inside[:, :-1] &= visible[:, 1:]
    rim: npt.NDArray[np.bool_] = visible & ~inside
    return rim
