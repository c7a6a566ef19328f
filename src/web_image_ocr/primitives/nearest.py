"""Find the name that was probably meant by a misspelled one."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher

_ALIKE = 0.7
"""Of 1: names with a wrong letter or a missing part are above it."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that is most like the given one, None if there is no similar one.

    Names are paths with dots. Paths that are alike in their last part alone count as well:
    ``rate_limit`` means ``api.rate_limit``.
    """
    best, score = None, (_ALIKE, 0.0)
    for other in known:
        whole = SequenceMatcher(None, name, other).ratio()
        last = SequenceMatcher(None, _last(name), _last(other)).ratio()
        if (max(whole, last), whole) >= score:
            best, score = other, (max(whole, last), whole)
    return best


def _last(path: str) -> str:
    return path.rpartition(".")[2]
