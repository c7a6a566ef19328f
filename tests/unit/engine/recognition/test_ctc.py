from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from web_image_ocr.engine.recognition.ctc import beam_search, best_path, read_characters
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

SYMBOLS = ("", "a", "b", " ")

BLANK = (1.0, 0.0, 0.0, 0.0)
A = (0.0, 1.0, 0.0, 0.0)
B = (0.2, 0.0, 0.8, 0.0)


def rows(*steps: tuple[float, float, float, float]) -> npt.NDArray[np.float32]:
    return np.array(steps, dtype=np.float32)


def test_repeats_collapse_and_a_blank_separates_them() -> None:
    path = best_path(rows(A, A, BLANK, A, B), min_space_probability=0.1)
    assert path.classes.tolist() == [1, 1, 2]
    assert path.starts.tolist() == [0, 3, 4]
    assert path.ends.tolist() == [2, 4, 5]
    assert path.confidences == pytest.approx([1.0, 1.0, 0.8])


def test_a_faint_space_is_taken_only_under_a_blank() -> None:
    under_blank, under_a = (0.8, 0.0, 0.0, 0.2), (0.0, 0.8, 0.0, 0.2)
    assert best_path(rows(A, under_blank, B), min_space_probability=0.1).classes.tolist() == [
        1,
        3,
        2,
    ]
    assert best_path(rows(A, under_blank, B), min_space_probability=0.3).classes.tolist() == [1, 2]
    assert best_path(rows(A, under_a, B), min_space_probability=0.1).classes.tolist() == [1, 2]


def test_blanks_only_are_an_empty_path() -> None:
    assert best_path(rows(BLANK, BLANK), min_space_probability=0.1).classes.size == 0


def test_a_beam_search_sums_all_alignments_of_a_text() -> None:
    even = (0.5, 0.5, 0.0, 0.0)
    texts = beam_search(rows(even, even), SYMBOLS, beam_width=8, min_probability=1e-3)
    # "a" has three alignments with two steps, each of probability 1/4; "" has one.
    assert np.exp(texts["a"]) == pytest.approx(0.75)
    assert np.exp(texts[""]) == pytest.approx(0.25)


def test_the_beam_width_is_respected() -> None:
    unsure = (0.25, 0.25, 0.25, 0.25)
    assert len(beam_search(rows(*[unsure] * 6), SYMBOLS, beam_width=5, min_probability=1e-3)) == 5


def test_classes_are_blank_then_listed_then_space() -> None:
    assert read_characters({"character": "a\nb"}) == SYMBOLS


def test_model_without_characters_is_refused() -> None:
    with pytest.raises(ServiceError) as caught:
        read_characters({})
    assert caught.value.kind is ErrorKind.MODEL_UNAVAILABLE
