"""How common a word is: word lists of the languages that the pictures are written in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Self

from wordfreq import available_languages, read_cBpack

from web_image_ocr.primitives.errors import ErrorKind, ServiceError

# Words rarer than this Zipf frequency are slips and codes as often as words. Five sets of
# pictures (see ``decoder``): 2.0 changes nothing, 3.0 costs up to .005 of word F.
RAREST = 2.5
# Alone, "a" and "I" are words; other letters are not.
_LETTER = 1.5
# Any two letters are the name of something; from this Zipf frequency on they are a word.
_COMMON_PAIR = 5.0


class Lexicon:
    """Known words with their Zipf frequencies: log10 of the uses in 1,000 million words.

    Args:
        frequencies: Zipf frequency by word, in lower case.
    """

    def __init__(self, frequencies: Mapping[str, float]) -> None:
        self._frequencies = frequencies

    @classmethod
    def for_languages(cls, languages: Sequence[str]) -> Self:
        """The words of some languages, each at its highest frequency.

        Args:
            languages: codes such as ``en``; see ``wordfreq``.

        Raises:
            ServiceError: ``CONFIGURATION_INVALID`` for a language that has no list.
        """
        merged: dict[str, float] = {}
        for file in find_word_lists(languages):
            for word, frequency in _list_in(file).items():
                merged[word] = max(frequency, merged.get(word, 0.0))
        return cls(merged)

    def log_prior(self, word: str) -> float:
        """How much it speaks for a reading that it holds this word, 0 for an unknown one.

        In natural logarithms of probability: a point of Zipf frequency counts as much as a
        factor of e in what the recogniser saw. On five sets of pictures (see ``decoder``),
        half of that costs .003 to .010 of word F, twice of it at most .002.
        """
        folded = word.lower()
        if len(folded) == 1:
            return _LETTER if folded in ("a", "i") else 0.0
        frequency = self._frequencies.get(folded) or self._frequencies.get(
            folded.removesuffix("'s"), 0.0
        )
        if len(folded) == 2 and frequency < _COMMON_PAIR:
            return 0.0
        return frequency


def find_word_lists(languages: Sequence[str]) -> list[str]:
    """The files of the languages' word lists.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` for a language that has no list.
    """
    files = available_languages("best")
    unknown = [language for language in languages if language not in files]
    if unknown:
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID,
            f"engine.languages: there is no word list for {', '.join(unknown)}",
        )
    return [files[language] for language in languages]


@cache
def _list_in(file: str) -> dict[str, float]:
    """Zipf frequency of each word of letters and apostrophes in a list of ``wordfreq``.

    The list is read from its file, not by the package's own function, which keeps all of its
    words in memory, the rare ones too.
    """
    steps = read_cBpack(file)  # the words at place i have the frequency 10 ** (-i / 100)
    return {
        word: 9 - place / 100
        for place, words in enumerate(steps[: round((9 - RAREST) * 100) + 1])
        for word in words
        if word.replace("'", "").isalpha()
    }
