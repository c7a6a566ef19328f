from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.text import (
    ANY_GLYPH,
    character_bag,
    edit_distance,
    letters,
    similarity,
    unspaced,
    word_bag,
)

texts = st.text(alphabet="ab1 中。", max_size=8)


def test_words_are_runs_of_latin_letters_and_digits_and_single_chinese_glyphs() -> None:
    assert word_bag(["Ａbc-12中文", "中!"]) == {"abc": 1, "12": 1, "中": 2, "文": 1}


def test_characters_are_letters_and_digits_of_any_script() -> None:
    assert character_bag(["É é。１", "中?"]) == {"é": 2, "1": 1, "中": 1}
    assert letters("A, b。中 ") == "ab中"


def test_spaces_of_every_kind_are_removed() -> None:
    assert unspaced(" A\u3000b\n") == "ab"


def test_distance_is_the_smallest_number_of_edits() -> None:
    assert edit_distance("kitten", "sitting") == 3
    assert edit_distance("", "abc") == 3
    assert edit_distance("abc", "") == 3


def test_a_lost_glyph_matches_anything_or_nothing() -> None:
    label = f"a{ANY_GLYPH}b"
    assert [edit_distance(label, found) for found in ("a·b", "ab", "axb")] == [0, 0, 0]
    assert edit_distance(label, "axxb") == 1


@given(texts, texts)
def test_distance_is_symmetric_and_bounded(one: str, other: str) -> None:
    apart = edit_distance(one, other)
    assert apart == edit_distance(other, one)
    assert abs(len(one) - len(other)) <= apart <= max(len(one), len(other))
    assert (apart == 0) == (one == other)


@given(texts, texts, texts)
def test_distance_satisfies_the_triangle_inequality(one: str, between: str, other: str) -> None:
    assert edit_distance(one, other) <= edit_distance(one, between) + edit_distance(between, other)


@given(texts, texts)
def test_similarity_is_a_share(one: str, other: str) -> None:
    assert 0 <= similarity(one, other) <= 1
    assert similarity(one, one) == 1
