"""Compare short texts: strictly, with look-alikes folded, or upside down."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from benchmarks.engines import FoundLine

_LOOK_ALIKES = ("0Oo", "1lI|", "-—一", "cC", "sS", "vV", "wW", "xX", "zZ", "kK", "pP", "uU")
_FOLD = {ord(glyph): glyphs[0] for glyphs in _LOOK_ALIKES for glyph in glyphs}
_UPSIDE_DOWN = str.maketrans("0689HINOSXZMWunpdbqx", "0986HINOSXZWMnudpqbx")


def plain(text: str) -> str:
    """Return the text in NFKC without white space; case is kept."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def joined(lines: Iterable[FoundLine]) -> str:
    """Return the plain text of all lines in their order."""
    return plain("".join(line.text for line in lines))


def same_glyph(one: str, other: str) -> bool:
    """Return whether two plain texts are equal, or lone glyphs that look alike when alone."""
    return one == other or (len(one) == 1 and one.translate(_FOLD) == other.translate(_FOLD))


def upside_down(text: str) -> str:
    """Return how a plain text reads turned by 180 degrees, as far as its glyphs allow."""
    return text[::-1].translate(_UPSIDE_DOWN)
