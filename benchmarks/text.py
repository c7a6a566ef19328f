"""Compare texts: bags of words and characters, edit distance.

Both sides are normalized first: NFKC and lower case.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

ANY_GLYPH = "\ue000"
"""One unknown glyph of a label, which matches any character or none. Bags ignore it."""

_UNIT = re.compile(r"[a-z0-9]+|[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")


def normalize(text: str) -> str:
    """Return the text in NFKC and lower case."""
    return unicodedata.normalize("NFKC", text).lower()


def unspaced(text: str) -> str:
    """Return the normalized text without white space."""
    return "".join(normalize(text).split())


def letters(text: str) -> str:
    """Return the letters and digits of the normalized text."""
    return "".join(character for character in normalize(text) if character.isalnum())


def word_bag(texts: Iterable[str]) -> Counter[str]:
    """Count runs of ``[a-z0-9]`` and single CJK characters."""
    return Counter(unit for text in texts for unit in _UNIT.findall(normalize(text)))


def unit_spans(text: str) -> Iterator[tuple[int, int]]:
    """Return start and end of each unit that `word_bag` counts in a normalized text."""
    return (unit.span() for unit in _UNIT.finditer(text))


def character_bag(texts: Iterable[str]) -> Counter[str]:
    """Count letters and digits."""
    return Counter(character for text in texts for character in letters(text))


def edit_distance(label: str, found: str) -> int:
    """Return the Levenshtein distance of two texts."""
    row = list(range(len(found) + 1))
    for wanted in label:
        cost = 0 if wanted == ANY_GLYPH else 1
        before, row = row, [row[0] + cost]
        for column, character in enumerate(found):
            substitution = before[column] + (cost if wanted != character else 0)
            row.append(min(substitution, before[column + 1] + cost, row[column] + 1))
    return row[-1]


def similarity(label: str, found: str) -> float:
    """Return 1 - edit distance / longer length; 1 for two empty texts."""
    return 1 - edit_distance(label, found) / max(len(label), len(found), 1)
