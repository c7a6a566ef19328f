"""Decode CTC probabilities (Graves et al. 2006): the best path, and a prefix beam search."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from web_image_ocr.primitives.errors import ErrorKind, ServiceError

BLANK = 0
_LOG_ZERO = -1e9

Probabilities = npt.NDArray[np.float32]
"""(T, C) float32, each row sums to 1; class 0 is the blank, the last class the space."""


@dataclass(frozen=True, slots=True)
class BestPath:
    """Hold the best path of one line: N characters, spaces included.

    Attributes:
        classes: (N,) int, never the blank.
        starts: (N,) int, the step at which each character begins.
        ends: (N,) int, the step after its last.
        confidences: (N,) float32, its probability at the step where it begins.
    """

    classes: npt.NDArray[np.intp]
    starts: npt.NDArray[np.intp]
    ends: npt.NDArray[np.intp]
    confidences: npt.NDArray[np.float32]


def read_characters(metadata: Mapping[str, str]) -> tuple[str, ...]:
    """Return the characters of a recognition model's classes: blank, those of its metadata, space.

    Raises:
        ServiceError: ``MODEL_UNAVAILABLE`` when the metadata lists no characters.
    """
    listed = metadata.get("character", "")
    if not listed:
        raise ServiceError(
            ErrorKind.MODEL_UNAVAILABLE,
            "the recognition model has no entry 'character' in its metadata",
        )
    return ("", *listed.split("\n"), " ")


def best_path(probabilities: Probabilities, *, min_space_probability: float) -> BestPath:
    """Return the likeliest class of each step with repeats collapsed and blanks removed.

    Args:
        probabilities: of one line.
        min_space_probability: a space above this replaces a blank that wins its step.
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
    """Return the likeliest texts of part of a line with their log probabilities.

    Unlike the best path, a prefix beam search (Hannun et al., arXiv:1408.2873) sums the
    probabilities of all alignments of a text.

    Args:
        probabilities: (T, K) float32, of the classes to consider.
        symbols: K characters, the first that of the blank.
        beam_width: prefixes kept at each step.
        min_probability: classes below this are skipped at a step.
    """
    # By prefix: log probability of the alignments that end in a blank, and of the others.
    beam = {"": (0.0, _LOG_ZERO)}
    for row in probabilities:
        likely = [k for k in np.nonzero(row > min_probability)[0].tolist() if k != BLANK]
        logs = np.log(np.maximum(row, 1e-8)).tolist()
        extended: dict[str, tuple[float, float]] = {}
        for text, (blank, symbol) in beam.items():
            either = _log_add(blank, symbol)
            _add_alignments(extended, text, either + logs[BLANK], _LOG_ZERO)
            for k in likely:
                if text.endswith(symbols[k]):
                    _add_alignments(extended, text, _LOG_ZERO, symbol + logs[k])
                    _add_alignments(extended, text + symbols[k], _LOG_ZERO, blank + logs[k])
                else:
                    _add_alignments(extended, text + symbols[k], _LOG_ZERO, either + logs[k])
        ranked = sorted(extended.items(), key=lambda item: -_log_add(*item[1]))
        beam = dict(ranked[:beam_width])
    return {text: _log_add(*ends) for text, ends in beam.items()}


def _add_alignments(
    beam: dict[str, tuple[float, float]], text: str, blank: float, symbol: float
) -> None:
    known_blank, known_symbol = beam.get(text, (_LOG_ZERO, _LOG_ZERO))
    beam[text] = _log_add(known_blank, blank), _log_add(known_symbol, symbol)


def _log_add(one: float, other: float) -> float:
    """Return the logarithm of the sum of two probabilities, given their logarithms."""
    return max(one, other) + math.log1p(math.exp(-abs(one - other)))
