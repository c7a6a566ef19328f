from __future__ import annotations

import pytest

from web_image_ocr.primitives.errors import MOST_DETAIL, ErrorKind, ServiceError
from web_image_ocr.primitives.texts import SHOWN, quoted


@pytest.mark.parametrize("text", ["", "bob", "b'ob", "b\nob\x1b[31m", "图" * SHOWN])
def test_short_texts_are_quoted_whole(text: str) -> None:
    assert quoted(text) == repr(text)


def test_long_texts_are_cut_and_measured() -> None:
    assert quoted("b" * (SHOWN + 1)) == f"'{'b' * SHOWN}'… (81 characters)"
    assert len(quoted("\n" * 1_000_000)) < 3 * SHOWN


def test_details_of_errors_are_cut_in_any_case() -> None:
    assert ServiceError(ErrorKind.INTERNAL, "b" * MOST_DETAIL).detail == "b" * MOST_DETAIL
    assert ServiceError(ErrorKind.INTERNAL, "b" * 100_000).detail == "b" * MOST_DETAIL + "…"
