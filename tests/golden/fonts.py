"""Load the fonts of the golden images from Debian packages."""

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
    """Return a font of a size in pixels, laid out by Pillow on every machine."""
    return ImageFont.truetype(_FOLDER / name, size, layout_engine=ImageFont.Layout.BASIC)


def packages() -> list[str]:
    """Return the Debian packages that contain the fonts."""
    lines = (line.partition("#")[0].strip() for line in _PACKAGES.read_text().splitlines())
    return [line for line in lines if line]


def missing() -> list[str]:
    """Return the fonts that are not installed."""
    return [name for name in FONTS if not (_FOLDER / name).exists()]


def digests() -> dict[str, str]:
    """Return the SHA-256 of each font file."""
    return {name: hashlib.sha256((_FOLDER / name).read_bytes()).hexdigest() for name in FONTS}


def install_hint() -> str:
    """Return a sentence that says how to install the missing fonts."""
    return f"fonts are missing: as root, apt-get install {' '.join(packages())}"
