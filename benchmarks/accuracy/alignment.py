"""Align labelled and found texts by character, and judge each unit.

A unit is what the word bag counts: a run of ``[a-z0-9]`` or one CJK character. Spaces are not
aligned; they only separate units.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from benchmarks.text import ANY_GLYPH, normalize, unit_spans


class Verdict(Enum):
    """Classify a unit by its alignment."""

    RIGHT = auto()
    SPACES = auto()  # characters are right, but joined to a neighbour or cut in two
    MARKS = auto()  # the same, because of a missing or extra punctuation mark
    WRONG = auto()  # a letter or digit is wrong, missing or extra
    UNMATCHED = auto()  # no character has a counterpart
    UNKNOWN = auto()  # the label lost a glyph here


@dataclass(frozen=True, slots=True)
class Passage:
    """Represent several texts, joined.

    Attributes:
        characters: Normalized, without white space.
        owners: Index of the text of each character.
        units: Start and end of each unit in ``characters``; a unit is part of one text.
    """

    characters: str
    owners: Sequence[int]
    units: Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class JudgedUnit:
    """Hold a unit and its verdict.

    Attributes:
        text: Text of the unit.
        verdict: Its class.
        owner: Index of its text.
        owners: Indexes of its text and of the texts of the adjacent characters.
        others: Indexes of the texts of the other passage at this place.
    """

    text: str
    verdict: Verdict
    owner: int
    owners: frozenset[int]
    others: frozenset[int]


Step = tuple[int | None, int | None]
"""Index of a character in one passage and of its counterpart in the other; None if missing."""


def passage(texts: Iterable[str]) -> Passage:
    """Join texts in the given order."""
    characters: list[str] = []
    owners: list[int] = []
    units: list[tuple[int, int]] = []
    for owner, text in enumerate(map(normalize, texts)):
        spaces = [0]
        for character in text:
            spaces.append(spaces[-1] + character.isspace())
        units += [
            (len(characters) + start - spaces[start], len(characters) + end - spaces[end])
            for start, end in unit_spans(text)
        ]
        characters += "".join(text.split())
        owners += [owner] * (len(characters) - len(owners))
    return Passage("".join(characters), owners, units)


def align(one: str, other: str) -> list[Step]:
    """Return the steps of an alignment with the smallest edit distance, in order."""
    costs = [list(range(len(other) + 1))]
    for row, character in enumerate(one, 1):
        before, costs_here = costs[-1], [row]
        for column, counterpart in enumerate(other):
            substitution = before[column] + (not alike(character, counterpart))
            costs_here.append(min(substitution, before[column + 1] + 1, costs_here[column] + 1))
        costs.append(costs_here)
    row, column = len(one), len(other)
    steps: list[Step] = []
    while row or column:
        cost = costs[row][column]
        if row and column:
            substitution = costs[row - 1][column - 1] + (not alike(one[row - 1], other[column - 1]))
            if cost == substitution:
                row, column = row - 1, column - 1
                steps.append((row, column))
                continue
        if row and cost == costs[row - 1][column] + 1:
            row -= 1
            steps.append((row, None))
        else:
            column -= 1
            steps.append((None, column))
    return steps[::-1]


def alike(one: str, other: str) -> bool:
    """Return whether two characters match; a lost glyph matches any."""
    return one == other or ANY_GLYPH in (one, other)


def judge(own: Passage, other: Passage, steps: Sequence[Step]) -> list[JudgedUnit]:
    """Judge each unit of a passage.

    Args:
        own: Passage whose units are judged.
        other: Expected text.
        steps: Alignment from ``own`` to ``other``.
    """
    at = {step[0]: place for place, step in enumerate(steps) if step[0] is not None}
    around = {at: unit for unit in other.units for at in range(*unit)}
    result = []
    for start, end in own.units:
        first, last = at[start], at[end - 1]
        wide = steps[max(first - 1, 0) : last + 2]
        result.append(
            JudgedUnit(
                text=own.characters[start:end],
                verdict=_verdict(own, other, steps, (first, last), around),
                owner=own.owners[start],
                owners=frozenset(own.owners[one] for one, _ in wide if one is not None),
                others=frozenset(other.owners[two] for _, two in wide if two is not None),
            )
        )
    return result


def correct_texts(own: Passage, other: Passage, steps: Iterable[Step], *, strict: bool) -> set[int]:
    """Return the indexes of the texts without a wrong letter or digit.

    Args:
        own: Passage whose texts are judged.
        other: Expected text.
        steps: Alignment from ``own`` to ``other``.
        strict: Charge an extra letter between two texts, or at the end, to the text before it;
            otherwise to none.
    """
    wrong: set[int] = set()
    before: int | None = None
    between: list[int | None] = []  # the text before each extra letter
    for one, two in steps:
        if one is None:
            if two is not None and other.characters[two].isalnum():
                between.append(before)
            continue
        owner = own.owners[one]
        wrong |= {
            owner if earlier is None else earlier
            for earlier in between
            if strict or earlier == owner
        }
        before, between = owner, []
        counterpart = "" if two is None else other.characters[two]
        character = own.characters[one]
        same = counterpart != "" and alike(character, counterpart)
        if not same and any(letter.isalnum() for letter in character + counterpart):
            wrong.add(owner)
    if strict:
        wrong |= {earlier for earlier in between if earlier is not None}
    return set(own.owners) - wrong


def _verdict(
    own: Passage,
    other: Passage,
    steps: Sequence[Step],
    place: tuple[int, int],
    around: Mapping[int, tuple[int, int]],
) -> Verdict:
    first, last = place
    inside = steps[first : last + 1]
    counterparts = [two for _, two in inside if two is not None]
    if not counterparts:
        return Verdict.UNMATCHED
    start, end = counterparts[0], counterparts[-1] + 1
    own_text = "".join(own.characters[one] for one, _ in inside if one is not None)
    if (start, end) == around.get(start) and own_text == other.characters[start:end]:
        return Verdict.RIGHT
    # If the counterpart extends beyond this unit, the neighbour shows the cause.
    left = start in around and around[start][0] < start
    right = end - 1 in around and around[end - 1][1] > end
    return _cause(own.characters, other.characters, steps[max(first - left, 0) : last + 1 + right])


def _cause(own: str, other: str, steps: Iterable[Step]) -> Verdict:
    pairs = [
        (own[one] if one is not None else "", other[two] if two is not None else "")
        for one, two in steps
    ]
    different = "".join(one + two for one, two in pairs if not (one and two and alike(one, two)))
    if any(character.isalnum() for character in different):
        return Verdict.WRONG
    if different:
        return Verdict.MARKS
    return Verdict.UNKNOWN if any(ANY_GLYPH in pair for pair in pairs) else Verdict.SPACES
