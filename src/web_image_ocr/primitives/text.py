"""Quote text from callers, and suggest a known name for a misspelled one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

MAX_QUOTED = 80
"""Characters of a caller's text that are shown: longer than any name the database accepts."""

_MIN_SIMILARITY = 0.7
"""Of 1. Names with one wrong letter or a missing part score higher."""


def quoted(text: str) -> str:
    """Return the text in quotes, with control characters escaped and long text cut."""
    if len(text) <= MAX_QUOTED:
        return repr(text)
    return f"{text[:MAX_QUOTED]!r}… ({len(text)} characters)"


def closest_name(name: str, known: Iterable[str]) -> str | None:
    """Return the known dotted name most similar to the given one; None without a similar one.

    A similar last part is enough: ``rate_limit`` matches ``api.rate_limit``.
    """
    best, score = None, (_MIN_SIMILARITY, 0.0)
    for other in known:
        whole = SequenceMatcher(None, name, other).ratio()
        last = SequenceMatcher(None, _last(name), _last(other)).ratio()
        if (max(whole, last), whole) >= score:
            best, score = other, (max(whole, last), whole)
    return best


def _last(path: str) -> str:
    return path.rpartition(".")[2]
