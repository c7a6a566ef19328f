from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from web_image_ocr.engine.ctc import Reading, characters_of, decode
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

CHARACTERS = ("", "a", "b", " ")


def rows(*steps: tuple[float, float, float, float]) -> npt.NDArray[np.float32]:
    return np.array(steps, dtype=np.float32)


BLANK = (1.0, 0.0, 0.0, 0.0)
A = (0.0, 1.0, 0.0, 0.0)
B = (0.2, 0.0, 0.8, 0.0)


def test_repeats_fold_and_a_blank_parts_them() -> None:
    assert decode(rows(A, A, BLANK, A, B), CHARACTERS).text == "aab"


def test_confidence_is_the_mean_of_the_characters_read() -> None:
    assert decode(rows(A, BLANK, B), CHARACTERS).confidence == pytest.approx(0.9)


def test_faint_space_under_a_winning_blank_is_taken() -> None:
    faint = (0.8, 0.0, 0.0, 0.2)
    fainter = (0.999, 0.0, 0.0, 0.001)
    assert decode(rows(A, faint, B), CHARACTERS).text == "a b"
    assert decode(rows(A, fainter, B), CHARACTERS).text == "ab"


def test_faint_space_does_not_touch_the_confidence() -> None:
    faint = (0.8, 0.0, 0.0, 0.2)
    assert decode(rows(A, faint, A), CHARACTERS).confidence == 1.0


def test_nothing_read_is_empty() -> None:
    assert decode(rows(BLANK, BLANK), CHARACTERS) == Reading("", 0.0)
    assert decode(rows((0.0, 0.0, 0.0, 1.0)), CHARACTERS) == Reading("", 0.0)


def test_classes_are_blank_then_listed_then_space() -> None:
    assert characters_of({"character": "a\nb"}) == CHARACTERS


def test_model_without_characters_is_refused() -> None:
    with pytest.raises(ServiceError) as caught:
        characters_of({})
    assert caught.value.kind is ErrorKind.MODEL_UNAVAILABLE
