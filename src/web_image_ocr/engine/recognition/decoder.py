"""Turn the recognizer's probabilities into text, with a lexicon for doubtful Latin words.

The values of the constants were measured: docs/engine-notes/recognition-and-runtime.md.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from web_image_ocr.engine.recognition.ctc import (
    BLANK,
    BestPath,
    Probabilities,
    beam_search,
    best_path,
)
from web_image_ocr.engine.recognition.lexicon import Lexicon

# Probability of a space from which it replaces a winning blank: the model misses Latin spaces.
MIN_SPACE_PROBABILITY = 0.15
# Probability from which a letter is not doubted.
CERTAIN_LETTER_PROBABILITY = 0.97
# Mean probability below which a word is left as it is: a correction would only look better.
MIN_WORD_CONFIDENCE = 0.6
# Probability from which a space inside a word is considered, between certain letters too.
MIN_SPLIT_PROBABILITY = 1e-3
MIN_WORD_LENGTH = 2  # letters
BEAM_WIDTH = 24  # texts
# A capital after a small letter suggests a space: less probable ones are considered there.
MIN_CAMEL_CASE_SPLIT_PROBABILITY = 1e-4
CAMEL_CASE_BEAM_WIDTH = 64
_CAMEL_CASE = re.compile(r"[a-z][A-Z]")
# Parts of codes, prices and addresses are not corrected.
_CODE = re.compile(r"[0-9@/\\_#&$€£¥%=+|]|\w[.:]\w")


@dataclass(frozen=True, slots=True)
class DecodedText:
    """Hold the text of one line and how confident the recognizer is.

    Attributes:
        text: may be empty.
        confidence: product of the characters' probabilities on the best path, 0 to 1: how likely
            the whole line is right; 0 for an empty text.
        mean_confidence: arithmetic mean of these probabilities, 0 to 1: how legible the line is,
            independent of its length; 0 for an empty text.
    """

    text: str
    confidence: float
    mean_confidence: float


EMPTY_TEXT = DecodedText("", 0.0, 0.0)


def merge_segments(segments: Sequence[tuple[DecodedText, bool]]) -> DecodedText:
    """Return the text of a line that was recognized in segments.

    Args:
        segments: at least one: its text, and whether a word ends with it.
    """
    found = [decoded for decoded, _ in segments if decoded.text]
    if len(found) <= 1:
        return found[0] if found else EMPTY_TEXT
    lengths = [len(decoded.text) for decoded in found]
    text = "".join(decoded.text + " " * ends_word for decoded, ends_word in segments)
    return DecodedText(
        text=" ".join(text.split()),
        confidence=math.prod(decoded.confidence for decoded in found),
        mean_confidence=float(
            np.average([decoded.mean_confidence for decoded in found], weights=lengths)
        ),
    )


class Decoder:
    """Decode the probabilities of one line into text.

    The best path is kept, except for Latin words with a doubtful letter or space. For these a
    beam search proposes texts; the highest sum of log probability and word frequency wins.
    Confident text, codes, prices, addresses and known words never change.

    Args:
        characters: of the recognizer's classes; the first is the blank, the last the space.
        lexicon: expected words; None keeps the best path of every line.
    """

    def __init__(self, characters: Sequence[str], lexicon: Lexicon | None) -> None:
        self._characters = characters
        self._lexicon = lexicon
        self._letters = frozenset(k for k, c in enumerate(characters) if _is_word_letter(c))
        self._word_classes = np.array([BLANK, *sorted(self._letters), len(characters) - 1])
        self._word_symbols = [characters[k] for k in self._word_classes]

    def decode(self, probabilities: Probabilities) -> DecodedText:
        """Return the text of one line."""
        path = best_path(probabilities, min_space_probability=MIN_SPACE_PROBABILITY)
        is_counted = path.classes != len(self._characters) - 1
        if not is_counted.any():
            return EMPTY_TEXT
        parts = [self._characters[k] for k in path.classes]
        if self._lexicon is not None:
            for first, end in self._word_spans(path):
                word = self._correct_word(path, first, end, probabilities, self._lexicon)
                parts[first:end] = [word] + [""] * (end - first - 1)
        text = " ".join("".join(parts).split())
        if not text:
            return EMPTY_TEXT
        confidences = np.clip(path.confidences[is_counted], 0.0, 1.0)
        return DecodedText(text, float(confidences.prod()), float(confidences.mean()))

    def _word_spans(self, path: BestPath) -> Iterator[tuple[int, int]]:
        """Yield first and end of each run of Latin letters that is not part of a code."""
        kinds = "".join("w" if k in self._letters else "x" for k in path.classes)
        text = "".join(self._characters[k] for k in path.classes)
        for run in re.finditer("w+", kinds):
            first, end = run.span()
            if end - first >= MIN_WORD_LENGTH and not _CODE.search(_unbroken_text(text, run)):
                yield first, end

    def _correct_word(
        self, path: BestPath, first: int, end: int, probabilities: Probabilities, lexicon: Lexicon
    ) -> str:
        """Return the likeliest word, or words, for the characters ``first`` to ``end`` - 1."""
        word = "".join(self._characters[k] for k in path.classes[first:end])
        confidences = path.confidences[first:end]
        steps = probabilities[path.starts[first] : path.ends[end - 1]]
        is_doubtful = confidences.min() < CERTAIN_LETTER_PROBABILITY
        min_probability, beam_width = MIN_SPLIT_PROBABILITY, BEAM_WIDTH
        if _CAMEL_CASE.search(word):
            min_probability, beam_width = MIN_CAMEL_CASE_SPLIT_PROBABILITY, CAMEL_CASE_BEAM_WIDTH
        may_split = steps[:, -1].max() >= min_probability
        is_legible = confidences.mean() >= MIN_WORD_CONFIDENCE
        if lexicon.log_prior(word) or not is_legible or not (is_doubtful or may_split):
            return word
        begin = path.ends[first - 1] if first else 0
        stop = path.starts[end] if end < len(path.starts) else len(probabilities)
        texts = beam_search(
            probabilities[begin:stop][:, self._word_classes],
            self._word_symbols,
            beam_width=beam_width,
            min_probability=min_probability,
        )
        best, best_score = word, texts.get(word, max(texts.values()))
        for text, log_probability in texts.items():
            words = text.split()
            log_priors = [lexicon.log_prior(each) for each in words]
            if not words or min(map(len, words)) < 2 or min(log_priors) <= 0:
                continue
            if not is_doubtful and "".join(words) != word:
                continue
            score = log_probability + sum(log_priors)
            if score > best_score:
                best, best_score = " ".join(words), score
        return best


def _is_word_letter(character: str) -> bool:
    if character == "'":
        return True
    return character.isalpha() and unicodedata.name(character, "").startswith("LATIN")


def _unbroken_text(text: str, run: re.Match[str]) -> str:
    """Return the text around a run, up to the next space on either side."""
    first = text.rfind(" ", 0, run.start()) + 1
    end = text.find(" ", run.end())
    return text[first : end if end >= 0 else len(text)]
