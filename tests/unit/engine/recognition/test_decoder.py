"""Test what the lexicon may change in a line, and what it must not."""

from __future__ import annotations

import string

import numpy as np
import pytest

from web_image_ocr.engine.recognition.ctc import Probabilities
from web_image_ocr.engine.recognition.decoder import (
    EMPTY_TEXT,
    DecodedText,
    Decoder,
    merge_segments,
)
from web_image_ocr.engine.recognition.lexicon import Lexicon

CHARACTERS = ("", *string.ascii_letters, *string.digits, *"'.:/@#$-_é中文", " ")
LEXICON = Lexicon({"next": 5.6, "match": 5.1, "institute": 5.0, "cold": 5.3, "old": 5.9, "of": 7.0})
DECODER = Decoder(CHARACTERS, LEXICON)


def line(text: str, **steps: dict[str, float]) -> Probabilities:
    """Return the probabilities of a line: each character certain, with a blank after it.

    Args:
        text: the best path.
        steps: other probabilities by index: ``at3={"o": 0.6, "q": 0.4}`` for the fourth
            character, ``after3`` for the blank behind it.
    """
    rows = np.zeros((2 * len(text), len(CHARACTERS)), np.float32)
    for index, character in enumerate(text):
        _fill(rows[2 * index], steps.get(f"at{index}", {character: 1.0}))
        _fill(rows[2 * index + 1], steps.get(f"after{index}", {"": 1.0}))
    return rows


def _fill(row: np.ndarray, probabilities: dict[str, float]) -> None:
    for character, probability in probabilities.items():
        row[CHARACTERS.index(character)] = probability


def test_a_doubtful_letter_is_corrected_to_a_known_word() -> None:
    assert DECODER.decode(line("cqld", at1={"q": 0.7, "o": 0.3})).text == "cold"


def test_a_missed_letter_is_restored() -> None:
    assert DECODER.decode(
        line("insttute", after3={"": 0.8, "i": 0.2}, at4={"t": 0.9, "": 0.1})
    ).text == ("institute")


def test_joined_words_are_split_at_an_improbable_space() -> None:
    assert DECODER.decode(line("NextMatch", after3={"": 0.99, " ": 0.01})).text == "Next Match"


@pytest.mark.parametrize(
    ("joined", "expected"), [("NextMatch", "Next Match"), ("nextmatch", "nextmatch")]
)
def test_camel_case_is_split_at_an_even_less_probable_space(joined: str, expected: str) -> None:
    assert DECODER.decode(line(joined, after3={"": 0.9995, " ": 0.0005})).text == expected


def test_without_a_probable_space_nothing_is_split() -> None:
    assert DECODER.decode(line("NextMatch")).text == "NextMatch"


def test_confidences_stay_those_of_the_best_path() -> None:
    decoded = DECODER.decode(line("cqld", at1={"q": 0.6, "o": 0.4}, at3={"d": 0.8, "": 0.2}))
    assert decoded.text == "cold"
    assert decoded.confidence == pytest.approx(0.6 * 0.8)
    assert decoded.mean_confidence == pytest.approx((1 + 0.6 + 1 + 0.8) / 4)


@pytest.mark.parametrize("text", ["cqld", "XKCD", "Qwzxy"])
def test_confident_text_is_not_changed(text: str) -> None:
    assert DECODER.decode(line(text)).text == text


def test_a_known_word_is_not_changed_to_a_more_common_one() -> None:
    assert DECODER.decode(line("cold", at0={"c": 0.6, "": 0.4})).text == "cold"


@pytest.mark.parametrize(
    "text",
    [
        "cqld7",
        "7cqld",
        "cqld@x",
        "x.cqld",
        "cqld.com",
        "/cqld",
        "#cqld",
        "$cqld",
        "a_cqld",
        "cqld:8",
    ],
)
def test_codes_prices_and_addresses_are_not_corrected(text: str) -> None:
    place = text.index("q")
    probabilities = line(text, **{f"at{place}": {"q": 0.7, "o": 0.3}})
    assert DECODER.decode(probabilities).text == text


@pytest.mark.parametrize("text", ["cqld.", "a cqld", "cqld 7", "cqld-", "中cqld文"])
def test_words_beside_other_text_are_corrected(text: str) -> None:
    place = text.index("q")
    probabilities = line(text, **{f"at{place}": {"q": 0.7, "o": 0.3}})
    assert DECODER.decode(probabilities).text == text.replace("q", "o")


def test_a_word_with_a_low_mean_confidence_is_not_corrected() -> None:
    bad = {f"at{place}": {letter: 0.5, "x": 0.4} for place, letter in enumerate("cqld")}
    bad["at1"] = {"q": 0.5, "o": 0.4}
    assert DECODER.decode(line("cqld", **bad)).text == "cqld"


def test_without_a_lexicon_the_best_path_is_the_text() -> None:
    plain = Decoder(CHARACTERS, None)
    assert plain.decode(line("cqld", at1={"q": 0.7, "o": 0.3})).text == "cqld"


def test_an_improbable_space_replaces_a_blank_and_does_not_count() -> None:
    decoded = DECODER.decode(line("7a", after0={"": 0.8, " ": 0.2}))
    assert decoded == DecodedText("7 a", 1.0, 1.0)


def test_a_line_without_characters_is_empty() -> None:
    assert DECODER.decode(line("a", at0={"": 1.0})) == EMPTY_TEXT
    assert DECODER.decode(line(" ")) == EMPTY_TEXT


def test_merged_segments_equal_the_whole_line() -> None:
    first, last = DecodedText("first", 0.5, 0.9), DecodedText("piece of it", 0.4, 0.7)
    whole = merge_segments([(first, True), (EMPTY_TEXT, True), (last, False)])
    assert whole.text == "first piece of it"
    assert whole.confidence == pytest.approx(0.5 * 0.4)
    assert whole.mean_confidence == pytest.approx((5 * 0.9 + 11 * 0.7) / 16)


def test_a_space_is_inserted_only_where_a_word_ends() -> None:
    digits = [
        (DecodedText("12", 0.9, 0.9), False),
        (DecodedText("34", 0.9, 0.9), True),
        (EMPTY_TEXT, False),
    ]
    assert merge_segments([*digits, (DecodedText("56", 0.9, 0.9), False)]).text == "1234 56"


def test_a_single_segment_is_unchanged_and_no_text_is_empty() -> None:
    lone = DecodedText("alone", 0.5, 0.9)
    assert merge_segments([(EMPTY_TEXT, True), (lone, True)]) == lone
    assert merge_segments([(EMPTY_TEXT, True), (EMPTY_TEXT, False)]) == EMPTY_TEXT
