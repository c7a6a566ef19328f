"""Probabilities to text (CTC, Graves et al. 2006), greedy, with a rule for faint spaces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from web_image_ocr.primitives.errors import ErrorKind, ServiceError

BLANK = 0
# The recogniser is shy of Latin spaces: where the blank wins, a space with this much
# probability is taken. From 0.1 to 0.02 born-digital gains .001,
# but four receipts fall from .989 to .982; Chinese pictures do not care.
FAINT_SPACE = 0.1


@dataclass(frozen=True, slots=True)
class Reading:
    """What one line says.

    Attributes:
        text: may be empty.
        confidence: mean probability of the characters read, 0 to 1; 0 for an empty text.
    """

    text: str
    confidence: float


def characters_of(metadata: dict[str, str]) -> tuple[str, ...]:
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


def decode(probabilities: npt.NDArray[np.float32], characters: Sequence[str]) -> Reading:
    """The text of one line.

    Args:
        probabilities: (T, C) float32, each row sums to 1; class 0 is blank, the last the space.
        characters: C strings, that of the blank empty.
    """
    space = len(characters) - 1
    best = probabilities.argmax(axis=1)
    sure = probabilities[np.arange(len(best)), best]
    faint = (best == BLANK) & (probabilities[:, space] > FAINT_SPACE)
    best[faint] = space
    new = np.concatenate([[True], best[1:] != best[:-1]]) & (best != BLANK)
    text = " ".join("".join(characters[i] for i in best[new]).split())
    counted = new & ~faint & (best != space)
    if not text or not counted.any():
        return Reading("", 0.0)
    return Reading(text, float(np.clip(sure[counted].mean(), 0.0, 1.0)))
