"""Any of Pillow's pixel modes to plain RGB."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

NEARLY_WHITE = 204
"""Mean luma (0 to 255) of the visible pixels from which they are laid on black. At 204
and above, contrast with white is under 1.6 : 1 by the WCAG 2 formula, too little to
read; contrast with black is over 13 : 1."""

_VISIBLE = 128
"""Alpha from which a pixel counts as visible when the background is chosen."""

_ALPHA_MODES = frozenset({"RGBA", "RGBa", "LA", "La", "PA"})
_WIDE_MODES = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I", "F"})


def to_rgb(image: Image.Image) -> Image.Image:
    """The loaded picture in mode RGB, transparency laid on white or black.

    Values of 16 bits are scaled to 8; whole numbers of 32 bits and floats, which have
    no agreed range, are stretched from their least to their greatest value.
    """
    if image.mode in _WIDE_MODES:
        return _wide_to_grey(image).convert("RGB")
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        return _lay_on_background(image.convert("RGBA"))
    if image.mode == "LAB":
        # Pillow gives a and b as signed bytes, OpenCV takes them shifted by 128.
        lab = np.bitwise_xor(np.asarray(image), np.array([0, 128, 128], dtype=np.uint8))
        return Image.fromarray(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB).astype(np.uint8))
    return image.convert("RGB")


def _wide_to_grey(image: Image.Image) -> Image.Image:
    values: npt.NDArray[np.generic] = np.asarray(image)
    if values.dtype.itemsize == 2:
        return Image.fromarray((values.astype(np.uint32) * 255 // 65535).astype(np.uint8))
    floats = np.nan_to_num(values.astype(np.float32))
    least, greatest = float(floats.min()), float(floats.max())
    span = (greatest - least) or 1.0
    return Image.fromarray(((floats - least) * (255.0 / span)).astype(np.uint8))


def _lay_on_background(image: Image.Image) -> Image.Image:
    alpha = image.getchannel("A")
    background = Image.new("RGB", image.size, _background(image, alpha))
    background.paste(image, mask=alpha)
    return background


def _background(image: Image.Image, alpha: Image.Image) -> str:
    visible = alpha.point([0] * _VISIBLE + [255] * (256 - _VISIBLE))
    luma = np.asarray(image.convert("RGB").convert("L").histogram(visible))
    count = luma.sum()
    mean = (luma * np.arange(256)).sum() / count if count else 0.0
    return "black" if mean >= NEARLY_WHITE else "white"
