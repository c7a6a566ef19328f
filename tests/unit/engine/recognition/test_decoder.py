"""What words may change in a line, and what they may not."""

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
WORDS = Lexicon({"next": 5.6, "match": 5.1, "institute": 5.0, "cold": 5.3, "old": 5.9, "of": 7.0})
DECODER = Decoder(CHARACTERS, WORDS)


def line(text: str, **seen: dict[str, float]) -> Probabilities:
    """A line that reads ``text``: each character sure, with a blank after it.

    Args:
        text: what the best path says.
        seen: what was seen instead, by place: ``at3={"o": 0.6, "q": 0.4}`` for the fourth
            character, ``after3`` for the blank behind it.
    """
    rows = np.zeros((2 * len(text), len(CHARACTERS)), np.float32)
    for place, character in enumerate(text):
        _fill(rows[2 * place], seen.get(f"at{place}", {character: 1.0}))
        _fill(rows[2 * place + 1], seen.get(f"after{place}", {"": 1.0}))
    return rows


def _fill(row: np.ndarray, probabilities: dict[str, float]) -> None:
    for character, probability in probabilities.items():
        row[CHARACTERS.index(character)] = probability


def test_a_doubtful_letter_is_read_so_that_a_word_comes_out() -> None:
    assert DECODER.decode(line("cqld", at1={"q": 0.7, "o": 0.3})).text == "cold"


def test_a_letter_that_was_missed_is_found() -> None:
    assert DECODER.decode(
        line("insttute", after3={"": 0.8, "i": 0.2}, at4={"t": 0.9, "": 0.1})
    ).text == ("institute")


def test_words_that_run_together_are_parted_at_a_faint_gap() -> None:
    assert DECODER.decode(line("NextMatch", after3={"": 0.99, " ": 0.01})).text == "Next Match"


@pytest.mark.parametrize(("run", "read"), [("NextMatch", "Next Match"), ("nextmatch", "nextmatch")])
def test_a_capital_inside_makes_a_fainter_gap_enough(run: str, read: str) -> None:
    assert DECODER.decode(line(run, after3={"": 0.9995, " ": 0.0005})).text == read


def test_no_gap_no_parting() -> None:
    assert DECODER.decode(line("NextMatch")).text == "NextMatch"


def test_confidence_and_clarity_stay_those_of_what_was_seen() -> None:
    reading = DECODER.decode(line("cqld", at1={"q": 0.6, "o": 0.4}, at3={"d": 0.8, "": 0.2}))
    assert reading.text == "cold"
    assert reading.confidence == pytest.approx(0.6 * 0.8)
    assert reading.mean_confidence == pytest.approx((1 + 0.6 + 1 + 0.8) / 4)


@pytest.mark.parametrize("text", ["cqld", "XKCD", "Qwzxy"])
def test_what_was_read_surely_is_not_changed(text: str) -> None:
    assert DECODER.decode(line(text)).text == text


def test_a_known_word_is_not_changed_for_a_commoner_one() -> None:
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
def test_codes_prices_and_addresses_are_spelled_as_read(text: str) -> None:
    place = text.index("q")
    probabilities = line(text, **{f"at{place}": {"q": 0.7, "o": 0.3}})
    assert DECODER.decode(probabilities).text == text


@pytest.mark.parametrize("text", ["cqld.", "a cqld", "cqld 7", "cqld-", "中cqld文"])
def test_words_beside_others_are_mended(text: str) -> None:
    place = text.index("q")
    probabilities = line(text, **{f"at{place}": {"q": 0.7, "o": 0.3}})
    assert DECODER.decode(probabilities).text == text.replace("q", "o")


def test_a_word_read_badly_on_the_whole_is_left() -> None:
    bad = {f"at{place}": {letter: 0.5, "x": 0.4} for place, letter in enumerate("cqld")}
    bad["at1"] = {"q": 0.5, "o": 0.4}
    assert DECODER.decode(line("cqld", **bad)).text == "cqld"


def test_without_words_the_best_path_is_the_text() -> None:
    plain = Decoder(CHARACTERS, None)
    assert plain.decode(line("cqld", at1={"q": 0.7, "o": 0.3})).text == "cqld"


def test_a_faint_space_under_a_winning_blank_is_taken_and_not_counted() -> None:
    reading = DECODER.decode(line("7a", after0={"": 0.8, " ": 0.2}))
    assert reading == DecodedText("7 a", 1.0, 1.0)


def test_nothing_read_is_empty() -> None:
    assert DECODER.decode(line("a", at0={"": 1.0})) == EMPTY_TEXT
    assert DECODER.decode(line(" ")) == EMPTY_TEXT


def test_pieces_are_joined_to_what_the_whole_line_would_be() -> None:
    first, last = DecodedText("first", 0.5, 0.9), DecodedText("piece of it", 0.4, 0.7)
    whole = merge_segments([(first, True), (EMPTY_TEXT, True), (last, False)])
    assert whole.text == "first piece of it"
    assert whole.confidence == pytest.approx(0.5 * 0.4)
    assert whole.mean_confidence == pytest.approx((5 * 0.9 + 11 * 0.7) / 16)


def test_a_space_comes_only_where_a_word_ends() -> None:
    digits = [
        (DecodedText("12", 0.9, 0.9), False),
        (DecodedText("34", 0.9, 0.9), True),
        (EMPTY_TEXT, False),
    ]
    assert merge_segments([*digits, (DecodedText("56", 0.9, 0.9), False)]).text == "1234 56"


def test_a_lone_piece_is_as_it_was_read_and_no_piece_is_nothing() -> None:
    lone = DecodedText("alone", 0.5, 0.9)
    assert merge_segments([(EMPTY_TEXT, True), (lone, True)]) == lone
    assert merge_segments([(EMPTY_TEXT, True), (EMPTY_TEXT, False)]) == EMPTY_TEXT
