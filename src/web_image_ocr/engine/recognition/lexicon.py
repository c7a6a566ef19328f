"""Look up how common a word is in the word lists of the configured languages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Self

from wordfreq import available_languages, read_cBpack

from web_image_ocr.primitives.errors import ErrorKind, ServiceError

# Zipf frequency, see the engine notes: rarer entries are slips and codes as often as words.
MIN_ZIPF_FREQUENCY = 2.5
# Any two letters abbreviate something; from this Zipf frequency on they are a word.
_MIN_PAIR_ZIPF_FREQUENCY = 5.0
_LETTER_LOG_PRIOR = 1.5  # of "a" and "I", the only letters that are words


class Lexicon:
    """Hold known words with their Zipf frequencies: log10 of the uses in 1,000 million words.

    Args:
        frequencies: Zipf frequency by word, in lower case.
    """

    def __init__(self, frequencies: Mapping[str, float]) -> None:
        self._frequencies = frequencies

    @classmethod
    def for_languages(cls, languages: Sequence[str]) -> Self:
        """Return the words of some languages, each at its highest frequency.

        Args:
            languages: codes such as ``en``; see ``wordfreq``.

        Raises:
            ServiceError: ``CONFIGURATION_INVALID`` for a language without a word list.
        """
        merged: dict[str, float] = {}
        for file in find_word_lists(languages):
            for word, frequency in _read_word_list(file).items():
                merged[word] = max(frequency, merged.get(word, 0.0))
        return cls(merged)

    def log_prior(self, word: str) -> float:
        """Return what the decoder adds to the log probability of a text with this word.

        It is the Zipf frequency, taken as a natural logarithm: one point counts as a factor of e
        in the recognizer's probability. It is 0 for an unknown word.
        """
        folded = word.lower()
        if len(folded) == 1:
            return _LETTER_LOG_PRIOR if folded in ("a", "i") else 0.0
        frequency = self._frequencies.get(folded) or self._frequencies.get(
            folded.removesuffix("'s"), 0.0
        )
        if len(folded) == 2 and frequency < _MIN_PAIR_ZIPF_FREQUENCY:
            return 0.0
        return frequency


def find_word_lists(languages: Sequence[str]) -> list[str]:
    """Return the paths of the languages' word lists.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` for a language without a word list.
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
def _read_word_list(file: str) -> dict[str, float]:
    """Return the Zipf frequency of each word of letters and apostrophes in a ``wordfreq`` list.

    The package's own function would keep all words in memory, the rare ones too.
    """
    steps = read_cBpack(file)  # the words at index i have the frequency 10 ** (-i / 100)
    return {
        word: 9 - index / 100
        for index, words in enumerate(steps[: round((9 - MIN_ZIPF_FREQUENCY) * 100) + 1])
        for word in words
        if word.replace("'", "").isalpha()
    }
