"""What a line says: the recogniser's probabilities, and the words one may expect."""

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

# The figures below are changes of word F on five sets of labelled pictures: web pictures, shop
# pictures, street scenes, receipts, forms. Words on: +.012, +.010, +.021, +.008, +.016.

# The recogniser is shy of Latin spaces: where the blank wins, a space with this much
# probability is taken. .10: receipts -.002; .20: web pictures -.002.
FAINT_SPACE = 0.15
# A letter read with at least this much is not doubted. .90: up to -.002; .99: no change.
SURE_LETTER = 0.97
# A word read worse than this on the whole is left as it is: a guess would only look better.
# It costs nothing; .8: forms -.001.
READABLE = 0.6
# Between sure letters, a space is considered from this probability on. .01: web pictures -.001,
# shop pictures -.010; .0001: street scenes -.004, it parts names.
FAINTEST_SPACE = 1e-3
# 3: street scenes -.002, forms -.001.
SHORTEST_WORD = 2
# 12: up to -.002; 64: web pictures and street scenes -.001.
TEXTS_CONSIDERED = 24
# A capital after a small letter speaks for a space, too: fainter ones are considered, and with them
# more texts. A title in three sizes then runs together at none of 24 angles, before at 10; one word
# more of street scenes, no change on seven other sets. For all words alike, .0004 costs .002 there.
SPACE_IN_CAMEL_CASE = 1e-4
TEXTS_IN_CAMEL_CASE = 64
_CAMEL_CASE = re.compile(r"[a-z][A-Z]")
# What belongs to a code, a price or an address is spelled as it is read.
_SPELLED = re.compile(r"[0-9@/\\_#&$€£¥%=+|]|\w[.:]\w")


@dataclass(frozen=True, slots=True)
class DecodedText:
    """What one line says.

    Attributes:
        text: may be empty.
        confidence: product of the probabilities of its characters, as the recogniser read
            them, 0 to 1: how likely the whole line is right; 0 for an empty text.
        mean_confidence: their mean, 0 to 1: how well the line can be read, however long it is;
            0 for an empty text.
    """

    text: str
    confidence: float
    mean_confidence: float


EMPTY_TEXT = DecodedText("", 0.0, 0.0)


def merge_segments(segments: Sequence[tuple[DecodedText, bool]]) -> DecodedText:
    """What a line says that was read in pieces, at least one.

    Args:
        segments: what each says, and whether what follows is another word.
    """
    told = [reading for reading, _ in segments if reading.text]
    if len(told) <= 1:
        return told[0] if told else EMPTY_TEXT
    lengths = [len(reading.text) for reading in told]
    text = "".join(reading.text + " " * word_ends for reading, word_ends in segments)
    return DecodedText(
        text=" ".join(text.split()),
        confidence=math.prod(reading.confidence for reading in told),
        mean_confidence=float(
            np.average([reading.mean_confidence for reading in told], weights=lengths)
        ),
    )


class Decoder:
    """Turns a recogniser's probabilities into text.

    The best path is taken as it is, save for Latin words that hold a doubtful letter, or a
    doubtful gap: among the likeliest texts of such a piece, the one wins for which what the
    recogniser saw and how common its words are speak most. What was read surely, codes,
    prices, addresses and known words are never changed.

    Args:
        characters: the recogniser's classes; that of the blank is empty, the last the space.
        words: what may be expected; none leaves every line as it is read.
    """

    def __init__(self, characters: Sequence[str], words: Lexicon | None) -> None:
        self._characters = characters
        self._words = words
        self._letters = frozenset(k for k, c in enumerate(characters) if _is_word_letter(c))
        self._considered = np.array([BLANK, *sorted(self._letters), len(characters) - 1])
        self._symbols = [characters[k] for k in self._considered]

    def decode(self, probabilities: Probabilities) -> DecodedText:
        """The text of one line."""
        path = best_path(probabilities, min_space_probability=FAINT_SPACE)
        counted = path.classes != len(self._characters) - 1
        if not counted.any():
            return EMPTY_TEXT
        pieces = [self._characters[k] for k in path.classes]
        if self._words is not None:
            for first, last in self._words_of(path):
                word = self._best_word(path, first, last, probabilities, self._words)
                pieces[first:last] = [word] + [""] * (last - first - 1)
        text = " ".join("".join(pieces).split())
        if not text:
            return EMPTY_TEXT
        seen = np.clip(path.confidences[counted], 0.0, 1.0)
        return DecodedText(text, float(seen.prod()), float(seen.mean()))

    def _words_of(self, path: BestPath) -> Iterator[tuple[int, int]]:
        """Bounds of the runs of Latin letters that are words, not parts of codes."""
        kinds = "".join("w" if k in self._letters else "x" for k in path.classes)
        text = "".join(self._characters[k] for k in path.classes)
        for run in re.finditer("w+", kinds):
            first, last = run.span()
            if last - first >= SHORTEST_WORD and not _SPELLED.search(_surroundings(text, run)):
                yield first, last

    def _best_word(
        self, path: BestPath, first: int, last: int, probabilities: Probabilities, words: Lexicon
    ) -> str:
        """The word, or words, that the characters from ``first`` to before ``last`` are."""
        own = "".join(self._characters[k] for k in path.classes[first:last])
        confidences = path.confidences[first:last]
        inside = probabilities[path.starts[first] : path.ends[last - 1]]
        doubtful = confidences.min() < SURE_LETTER
        faintest, width = FAINTEST_SPACE, TEXTS_CONSIDERED
        if _CAMEL_CASE.search(own):
            faintest, width = SPACE_IN_CAMEL_CASE, TEXTS_IN_CAMEL_CASE
        gap = inside[:, -1].max() >= faintest
        if words.log_prior(own) or confidences.mean() < READABLE or not (doubtful or gap):
            return own
        begin = path.ends[first - 1] if first else 0
        end = path.starts[last] if last < len(path.starts) else len(probabilities)
        seen = probabilities[begin:end][:, self._considered]
        texts = beam_search(seen, self._symbols, beam_width=width, min_probability=faintest)
        best, best_score = own, texts.get(own, max(texts.values()))
        for text, likelihood in texts.items():
            parts = text.split()
            weights = [words.log_prior(part) for part in parts]
            if not parts or min(map(len, parts)) < 2 or min(weights) <= 0:
                continue
            if not doubtful and "".join(parts) != own:
                continue
            if likelihood + sum(weights) > best_score:
                best, best_score = " ".join(parts), likelihood + sum(weights)
        return best


def _is_word_letter(character: str) -> bool:
    if character == "'":
        return True
    return character.isalpha() and unicodedata.name(character, "").startswith("LATIN")


def _surroundings(text: str, run: re.Match[str]) -> str:
    """The run with all that is written together with it."""
    first = text.rfind(" ", 0, run.start()) + 1
    last = text.find(" ", run.end())
    return text[first : last if last >= 0 else len(text)]
