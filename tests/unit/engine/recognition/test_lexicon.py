from __future__ import annotations

import pytest

from web_image_ocr.engine.recognition.lexicon import Lexicon
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

ENGLISH = Lexicon.for_languages(["en"])


def test_common_words_have_a_higher_prior_and_unknown_ones_none() -> None:
    assert ENGLISH.log_prior("the") > ENGLISH.log_prior("receipt") > ENGLISH.log_prior("xqzv") == 0


def test_case_and_the_possessive_do_not_matter() -> None:
    assert (
        ENGLISH.log_prior("England") == ENGLISH.log_prior("ENGLAND") == ENGLISH.log_prior("england")
    )
    assert ENGLISH.log_prior("Mother's") > 0


def test_one_or_two_letters_are_a_word_only_when_they_are_common() -> None:
    assert ENGLISH.log_prior("of") > 0
    assert ENGLISH.log_prior("ia") == 0
    assert ENGLISH.log_prior("a") > 0
    assert ENGLISH.log_prior("b") == 0


def test_languages_are_merged() -> None:
    both = Lexicon.for_languages(["en", "es"])
    assert ENGLISH.log_prior("mañana") < both.log_prior("mañana")
    assert both.log_prior("receipt") == ENGLISH.log_prior("receipt")


def test_a_language_without_a_list_is_named() -> None:
    with pytest.raises(ServiceError) as caught:
        Lexicon.for_languages(["en", "xx"])
    assert caught.value.kind is ErrorKind.CONFIGURATION_INVALID
    assert caught.value.detail == "engine.languages: there is no word list for xx"
