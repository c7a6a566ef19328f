"""The fonts that the pictures are drawn with: files of Debian packages."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from PIL import ImageFont

_FOLDER = Path("/usr/share/fonts/truetype")
_PACKAGES = Path(__file__).parents[2] / "requirements" / "debian.txt"

SANS = "dejavu/DejaVuSans.ttf"
BOLD = "dejavu/DejaVuSans-Bold.ttf"
MONO = "dejavu/DejaVuSansMono.ttf"
SERIF = "dejavu/DejaVuSerif-Bold.ttf"
CHINESE = "wqy/wqy-microhei.ttc"
FONTS = (SANS, BOLD, MONO, SERIF, CHINESE)


@cache
def font(name: str, size: int) -> ImageFont.FreeTypeFont:
    """A font at a size in pixels; laid out by Pillow itself, whatever else is installed."""
    return ImageFont.truetype(_FOLDER / name, size, layout_engine=ImageFont.Layout.BASIC)


def packages() -> list[str]:
    """The Debian packages that hold the fonts."""
    lines = (line.partition("#")[0].strip() for line in _PACKAGES.read_text().splitlines())
    return [line for line in lines if line]


def missing() -> list[str]:
    """The fonts that are not installed."""
    return [name for name in FONTS if not (_FOLDER / name).exists()]


def digests() -> dict[str, str]:
    """The SHA-256 of each font's file."""
    return {name: hashlib.sha256((_FOLDER / name).read_bytes()).hexdigest() for name in FONTS}
