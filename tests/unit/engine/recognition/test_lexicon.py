from __future__ import annotations

import pytest

from web_image_ocr.engine.recognition.lexicon import Words
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

ENGLISH = Words.of(["en"])


def test_common_words_weigh_more_than_rare_ones_and_unknown_ones_nothing() -> None:
    assert ENGLISH.weight("the") > ENGLISH.weight("receipt") > ENGLISH.weight("xqzv") == 0


def test_case_and_the_possessive_do_not_matter() -> None:
    assert ENGLISH.weight("England") == ENGLISH.weight("ENGLAND") == ENGLISH.weight("england")
    assert ENGLISH.weight("Mother's") > 0


def test_few_letters_are_a_word_only_when_they_are_common() -> None:
    assert ENGLISH.weight("of") > 0
    assert ENGLISH.weight("ia") == 0
    assert ENGLISH.weight("a") > 0
    assert ENGLISH.weight("b") == 0


def test_languages_add_up() -> None:
    both = Words.of(["en", "es"])
    assert ENGLISH.weight("mañana") < both.weight("mañana")
    assert both.weight("receipt") == ENGLISH.weight("receipt")


def test_a_language_without_a_list_is_named() -> None:
    with pytest.raises(ServiceError) as caught:
        Words.of(["en", "xx"])
    assert caught.value.kind is ErrorKind.CONFIGURATION_INVALID
    assert caught.value.detail == "engine.languages: there is no word list for xx"
