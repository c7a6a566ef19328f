"""Texts made comparable: units, characters, and how far two texts are apart.

Both sides are normalised alike first: NFKC and lower case.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

ANY_GLYPH = "\ue000"
"""In a label: one glyph that is not known, and may be missing. In bags it counts as nothing."""

_UNIT = re.compile(r"[a-z0-9]+|[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def normalised(text: str) -> str:
    """NFKC and lower case."""
    return unicodedata.normalize("NFKC", text).lower()


def unspaced(text: str) -> str:
    """Normalised, without white space."""
    return "".join(normalised(text).split())


def letters(text: str) -> str:
    """Normalised, letters and digits only."""
    return "".join(character for character in normalised(text) if character.isalnum())


def word_bag(texts: Iterable[str]) -> Counter[str]:
    """Count runs of ``[a-z0-9]`` and single CJK characters."""
    return Counter(unit for text in texts for unit in _UNIT.findall(normalised(text)))


def unit_spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each unit that `word_bag` counts in a normalised text."""
    return (unit.span() for unit in _UNIT.finditer(text))


def character_bag(texts: Iterable[str]) -> Counter[str]:
    """Letters and digits, counted."""
    return Counter(character for text in texts for character in letters(text))


def distance(label: str, found: str) -> int:
    """Return the edit distance: insertions, deletions and substitutions."""
    row = list(range(len(found) + 1))
    for wanted in label:
        cost = 0 if wanted == ANY_GLYPH else 1
        before, row = row, [row[0] + cost]
        for column, read in enumerate(found):
            exchange = before[column] + (cost if wanted != read else 0)
            row.append(min(exchange, before[column + 1] + cost, row[column] + 1))
    return row[-1]


def similarity(label: str, found: str) -> float:
    """1 - edit distance / longer length; 1 for two empty texts."""
    return 1 - distance(label, found) / max(len(label), len(found), 1)
