"""Probabilities to characters (CTC, Graves et al. 2006): the best path, and the best few texts."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from web_image_ocr.primitives.errors import ErrorKind, ServiceError

BLANK = 0
_IMPOSSIBLE = -1e9

Probabilities = npt.NDArray[np.float32]
"""(T, C) float32, each row sums to 1; class 0 is blank, the last the space."""


@dataclass(frozen=True, slots=True)
class BestPath:
    """The greedy path of one line: N characters, spaces among them.

    Attributes:
        classes: (N,) int, never blank.
        starts: (N,) int, the step at which each begins.
        ends: (N,) int, the step after its last.
        confidences: (N,) float32, its probability where it begins.
    """

    classes: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]
    ends: npt.NDArray[np.intp]
    confidences: npt.NDArray[np.float32]


def read_characters(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """The recogniser's classes: the blank, the characters of its metadata, the space.

    Raises:
        ServiceError: ``MODEL_UNAVAILABLE`` when the model does not name its characters.
    """
    listed = metadata.get("character", "")
    if not listed:
        raise ServiceError(
            ErrorKind.MODEL_UNAVAILABLE,
            "the recognition model has no list of characters in its metadata",
        )
    return ("", *listed.split("\n"), " ")


def best_path(probabilities: Probabilities, *, min_space_probability: float) -> BestPath:
    """The likeliest class of each step, repeats folded, blanks left out.

    Args:
        probabilities: of one line.
        min_space_probability: where the blank wins, a space with more than this is taken.
    """
    space = probabilities.shape[1] - 1
    best = probabilities.argmax(axis=1)
    best[(best == BLANK) & (probabilities[:, space] > min_space_probability)] = space
    bounds = np.nonzero(np.diff(best))[0] + 1
    starts = np.concatenate([[0], bounds]).astype(np.intp)
    ends = np.concatenate([bounds, [len(best)]]).astype(np.intp)
    kept = best[starts] != BLANK
    starts, ends = starts[kept], ends[kept]
    classes = best[starts]
    return BestPath(classes, starts, ends, probabilities[starts, classes])


def beam_search(
    probabilities: Probabilities, symbols: Sequence[str], *, beam_width: int, min_probability: float
) -> dict[str, float]:
    """The likeliest texts of a piece of a line with their log probabilities.

    A prefix beam search (Hannun et al., arXiv:1408.2873): unlike the best path it adds up all
    the ways in which a text can lie over the steps.

    Args:
        probabilities: (T, K) float32, of the classes that are considered.
        symbols: K characters, the first that of the blank.
        beam_width: texts kept at each step.
        min_probability: a class with less than this at a step is left out there.
    """
    texts = {"": (0.0, _IMPOSSIBLE)}  # log probability of ending in a blank, and not
    for row in probabilities:
        likely = [k for k in np.nonzero(row > min_probability)[0].tolist() if k != BLANK]
        logs = np.log(np.maximum(row, 1e-8)).tolist()
        grown: dict[str, tuple[float, float]] = {}
        for text, (blank, symbol) in texts.items():
            either = _add(blank, symbol)
            _more(grown, text, either + logs[BLANK], _IMPOSSIBLE)
            for k in likely:
                if text.endswith(symbols[k]):
                    _more(grown, text, _IMPOSSIBLE, symbol + logs[k])
                    _more(grown, text + symbols[k], _IMPOSSIBLE, blank + logs[k])
                else:
                    _more(grown, text + symbols[k], _IMPOSSIBLE, either + logs[k])
        ranked = sorted(grown.items(), key=lambda item: -_add(*item[1]))
        texts = dict(ranked[:beam_width])
    return {text: _add(*ways) for text, ways in texts.items()}


def _more(texts: dict[str, tuple[float, float]], text: str, blank: float, symbol: float) -> None:
    known = texts.get(text)
    texts[text] = (
        (blank, symbol) if known is None else (_add(known[0], blank), _add(known[1], symbol))
    )


def _add(one: float, other: float) -> float:
    """The logarithm of the sum of two probabilities given by theirs."""
    return max(one, other) + math.log1p(math.exp(-abs(one - other)))
