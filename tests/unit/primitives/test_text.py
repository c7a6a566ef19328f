from __future__ import annotations

import pytest

from web_image_ocr.primitives.errors import MAX_DETAIL, ErrorKind, ServiceError
from web_image_ocr.primitives.text import MAX_QUOTED, closest_name, quoted

KNOWN = ["data_dir", "api.rate_limit", "api.rate_limit_redis_url", "server.port"]


@pytest.mark.parametrize("text", ["", "bob", "b'ob", "b\nob\x1b[31m", "图" * MAX_QUOTED])
def test_short_texts_are_quoted_whole(text: str) -> None:
    assert quoted(text) == repr(text)


def test_long_texts_are_cut_and_measured() -> None:
    assert quoted("b" * (MAX_QUOTED + 1)) == f"'{'b' * MAX_QUOTED}'… (81 characters)"
    assert len(quoted("\n" * 1_000_000)) < 3 * MAX_QUOTED


def test_details_of_errors_are_cut_in_any_case() -> None:
    assert ServiceError(ErrorKind.INTERNAL, "b" * MAX_DETAIL).detail == "b" * MAX_DETAIL
    assert ServiceError(ErrorKind.INTERNAL, "b" * 100_000).detail == "b" * MAX_DETAIL + "…"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("rate_limit", "api.rate_limit"),
        ("api.rate_limt", "api.rate_limit"),
        ("server_port", "server.port"),
        ("datadir", "data_dir"),
        ("rate_limit_redis", "api.rate_limit_redis_url"),
        ("xyzzy", None),
        ("", None),
    ],
)
def test_the_closest_name_is_suggested(name: str, meant: str | None) -> None:
    assert closest_name(name, KNOWN) == meant


def test_no_known_names_give_no_suggestion() -> None:
    assert closest_name("port", []) is None
