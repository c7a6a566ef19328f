from __future__ import annotations

import re
from pathlib import Path

import pytest

from web_image_ocr.api.wire.codec import parse_json, validate
from web_image_ocr.api.wire.web_image import WebImageRequest
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


def test_a_million_wrong_values_cost_one_error() -> None:
    wrong = {"extract_type": [0] * 1_000_000}
    with pytest.raises(ServiceError) as caught:
        validate(WebImageRequest, wrong, ErrorKind.PARAMETER_INVALID)
    assert caught.value.detail.count("extract_type") == 1


@pytest.mark.parametrize("value", [b"0,", b"[],", b"{},", b'"a",', b"[[[]]],"])
def test_a_body_of_very_many_values_is_not_parsed(value: bytes) -> None:
    assert parse_json(b'{"more": [' + value * 2000 + b"0]}")
    with pytest.raises(ServiceError) as caught:
        parse_json(b'{"more": [' + value * 10_000 + b"0]}")
    assert caught.value.kind is ErrorKind.JSON_INVALID


def test_the_limit_on_values_is_the_documented_one() -> None:
    page = (Path(__file__).parents[4] / "docs/api.md").read_text(encoding="utf-8")
    said = re.search(r"at most ([\d,]+) commas and opening brackets", page)
    assert said is not None
    limit = int(said[1].replace(",", ""))
    assert parse_json(b'["' + b"," * (limit - 1) + b'"]')
    with pytest.raises(ServiceError):
        parse_json(b'["' + b"," * limit + b'"]')


def test_texts_may_be_long() -> None:
    image = "AB+/" * 2_500_000
    assert parse_json(b'{"image": "' + image.encode() + b'", "detect_direction": true}') == {
        "image": image,
        "detect_direction": True,
    }
