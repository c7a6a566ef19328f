"""Callers' texts as they may stand in an answer or in the log: quoted, and never long."""

from __future__ import annotations

SHOWN = 80
"""Characters of a caller's text that are shown: more than any name that the store takes."""


def quoted(text: str) -> str:
    """Return the text in quotes, its control characters escaped, cut where it is long."""
    if len(text) <= SHOWN:
        return repr(text)
    return f"{text[:SHOWN]!r}… ({len(text)} characters)"
