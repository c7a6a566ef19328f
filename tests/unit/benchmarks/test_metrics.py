from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.accuracy.metrics import set_metrics, shares
from benchmarks.dataset import Sample
from benchmarks.engines import FoundLine
from tests.unit.benchmarks.samples import box, found, label, sample

words = st.lists(st.text(alphabet="abc中1", min_size=1, max_size=5), max_size=6)


def value(image: Sample, answer: list[FoundLine], name: str) -> float:
    part, whole = shares(image, answer)[name]
    return part / whole


def written(texts: list[str], *, ordered: bool = False) -> Sample:
    return sample(
        [label(text, box(0, 20 * row, 50, 10)) for row, text in enumerate(texts)], ordered=ordered
    )


def read(texts: list[str]) -> list[FoundLine]:
    return [found(text, box(0, 20 * row, 50, 10), 0.95) for row, text in enumerate(texts)]


@given(words.filter(bool))
def test_a_perfect_answer_has_perfect_metrics(texts: list[str]) -> None:
    metrics = dict(shares(written(texts, ordered=True), read(texts)))
    assert metrics.pop("order_error")[0] == 0
    assert all(part == whole > 0 for part, whole in metrics.values())


@given(words, words)
def test_f_is_symmetric(one: list[str], other: list[str]) -> None:
    there, back = shares(written(one), read(other)), shares(written(other), read(one))
    for name in ("word", "character"):
        assert there[f"{name}_f"] == back[f"{name}_f"]
        assert there[f"{name}_precision"] == back[f"{name}_recall"]


def test_word_metrics_count_each_word_once() -> None:
    image, answer = written(["one two two"]), read(["two two two four"])
    assert value(image, answer, "word_precision") == 2 / 4
    assert value(image, answer, "word_recall") == 2 / 3
    assert value(image, answer, "word_f") == 4 / 7


def test_a_word_found_in_another_image_is_not_a_hit() -> None:
    images = [shares(written(["one"]), read(["two"])), shares(written(["two"]), read(["one"]))]
    assert set_metrics(images)["word_f"].value == 0


def test_ignored_labels_count_neither_way() -> None:
    image = sample([label("a", box(0, 0, 50, 10)), label("###", box(0, 20, 50, 10), ignore=True)])
    assert value(image, read(["a", "invented"]), "word_f") == 1


def test_partial_labels_give_recall_only() -> None:
    image = sample([label("Sign in", box(0, 0, 50, 30), loose=True)], partial=True)
    metrics = shares(image, read(["Sign", "in", "more"]))
    assert set(metrics) == {"word_recall", "character_recall", "view_recall"}
    assert metrics["word_recall"] == (2, 2)


def test_a_view_is_recognized_if_its_text_is_part_of_the_text_inside() -> None:
    view = sample([label("Sign in", box(0, 0, 50, 30), loose=True)], partial=True)
    assert value(view, read(["please Sign", "in now"]), "view_recall") == 1
    assert value(view, read(["in", "Sign"]), "view_recall") == 0
    assert value(view, [found("Sign in", box(200, 0, 50, 10))], "view_recall") == 0


def test_the_text_of_a_whole_image_is_compared_without_punctuation() -> None:
    image = sample([label("好,真的好！", None)])
    assert value(image, read(["好", "真的好"]), "whole_right") == 1
    assert value(image, read(["好", "真好"]), "whole_similarity") == 3 / 4
    assert value(image, read(["好", "真好"]), "whole_right") == 0


def test_line_metrics_of_a_missed_and_an_invented_line() -> None:
    image = written(["Hello world", "missed", "there"])
    answer = [
        found("Hello word", box(0, 0, 50, 10), 0.95),
        found("there", box(0, 40, 50, 10), 0.92),
        found("dust", box(300, 300, 50, 10), 0.99),
        found("dirt", box(300, 400, 50, 10), 0.99),
    ]
    assert value(image, answer, "line_precision") == 2 / 4
    assert value(image, answer, "line_recall") == 2 / 3
    assert value(image, answer, "line_f") == 4 / 7
    assert value(image, answer, "line_similarity") == pytest.approx((9 / 10 + 1) / 2)
    assert value(image, answer, "sure_right") == 1 / 2


def test_only_confident_lines_must_be_right_regardless_of_spaces_and_case() -> None:
    image = written(["NO. 12", "unsure"])
    answer = [found("No.12", box(0, 0, 50, 10), 0.9), found("x", box(0, 20, 50, 10), 0.89)]
    assert value(image, answer, "sure_right") == 1
    unknown = [found("No.12", box(0, 0, 50, 10), None)]
    assert "sure_right" not in set_metrics([shares(image, unknown)])
    assert set_metrics([shares(image, answer)])["sure_right"].of == 1


@given(st.permutations(range(5)))
def test_order_error_is_the_share_of_inverted_pairs(order: list[int]) -> None:
    texts = ["a", "b", "c", "d", "e"]
    image, lines = written(texts, ordered=True), read(texts)
    swapped = sum(order[i] > order[j] for j in range(5) for i in range(j))
    assert value(image, [lines[i] for i in order], "order_error") == swapped / 10
    assert value(image, lines, "order_error") == 0
    assert value(image, lines[::-1], "order_error") == 1
    assert "order_error" not in shares(written(texts), lines)


def test_the_interval_contains_the_value_and_is_reproducible() -> None:
    images = [shares(written(["a b"]), read([text])) for text in ("a", "a b", "c", "b a", "a c")]
    first, again = set_metrics(images)["word_f"], set_metrics(images)["word_f"]
    assert first == again
    assert 0 <= first.low < first.value < first.high <= 1
