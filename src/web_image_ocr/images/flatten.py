"""Any of Pillow's pixel modes to plain RGB."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

NEARLY_WHITE = 204
"""Luma (0 to 255) from which a pixel is lost on white: contrast with white is under
1.6 : 1 by the WCAG 2 formula, too little to read; contrast with black is over 13 : 1."""

DARK = 89
"""Luma below which a grey pixel is hard to read on black: contrast under 3 : 1 by WCAG 2."""

_VISIBLE = 128
"""Alpha (0 to 255) from which a pixel counts as visible when the background is chosen."""

_FLOAT_RANGE = 1e30
"""Floats are cut to this, so that their differences are still floats."""

_ALPHA_MODES = frozenset({"RGBA", "RGBa", "LA", "La", "PA"})
_WIDE_MODES = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I", "F"})


def to_rgb(image: Image.Image) -> Image.Image:
    """The loaded picture in mode RGB, transparency laid on white or black.

    Values of 16 bits are scaled to 8; whole numbers of 32 bits and floats, which have
    no agreed range, are stretched from their least to their greatest value.
    """
    if image.mode in _WIDE_MODES:
        return _wide_to_rgb(image)
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        return _lay_on_background(image if image.mode == "RGBA" else image.convert("RGBA"))
    if image.mode == "LAB":
        return _lab_to_rgb(image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _wide_to_rgb(image: Image.Image) -> Image.Image:
    grey = _wide_to_grey(image)
    if "transparency" not in image.info:
        return grey.convert("RGB")
    seen_through = np.asarray(image) == image.info["transparency"]
    with_alpha = grey.convert("RGBA")
    with_alpha.putalpha(Image.fromarray(np.where(seen_through, 0, 255).astype(np.uint8)))
    return _lay_on_background(with_alpha)


def _wide_to_grey(image: Image.Image) -> Image.Image:
    values: npt.NDArray[np.generic] = np.asarray(image)
    if values.dtype.itemsize == 2:
        return Image.fromarray((values.astype(np.uint32) * 255 // 65535).astype(np.uint8))
    floats = np.nan_to_num(values.astype(np.float32), copy=False)
    np.clip(floats, -_FLOAT_RANGE, _FLOAT_RANGE, out=floats)
    floats -= floats.min()
    floats *= 255.0 / (float(floats.max()) or 1.0)
    return Image.fromarray(floats.astype(np.uint8))


def _lab_to_rgb(image: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    if converted is None:
        raise ValueError("the Lab colours cannot be converted")
    return converted


def _lay_on_background(image: Image.Image) -> Image.Image:
    alpha = image.getchannel("A")
    if alpha.getextrema() == (255, 255):
        return image.convert("RGB")
    background = Image.new("RGB", image.size, _background(image, alpha))
    background.paste(image, mask=alpha)
    return background


def _background(image: Image.Image, alpha: Image.Image) -> str:
    """Black where more of what borders on the background would be lost on white.

    What lies inside, such as the print on a white label, looks the same on either.
    """
    visible = np.asarray(alpha) >= _VISIBLE
    inside = visible.copy()
    inside[1:] &= visible[:-1]
    inside[:-1] &= visible[1:]
    inside[:, 1:] &= visible[:, :-1]
    inside[:, :-1] &= visible[:, 1:]
    rim = np.asarray(image.convert("L"))[visible & ~inside]
    lost_on_white = np.count_nonzero(rim >= NEARLY_WHITE)
    return "black" if lost_on_white > np.count_nonzero(rim < DARK) else "white"
