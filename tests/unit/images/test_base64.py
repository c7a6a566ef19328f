from __future__ import annotations

import base64

import pytest

from web_image_ocr.images import decode_base64
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

LIMIT = 10 * 1024 * 1024


def refused(text: str | bytes) -> ErrorKind:
    with pytest.raises(ServiceError) as caught:
        decode_base64(text)
    return caught.value.kind


@pytest.mark.parametrize("data", [b"", b"a", b"ab", b"abc", bytes(range(256))])
def test_text_and_bytes_are_read(data: bytes) -> None:
    text = base64.b64encode(data)
    assert decode_base64(text) == data
    assert decode_base64(text.decode()) == data


@pytest.mark.parametrize("text", ["YQ==", "YQ=", "YQ", "Y\nQ=\r\n=", "\r\nYQ\n"])
def test_line_breaks_and_missing_padding_are_accepted(text: str) -> None:
    assert decode_base64(text) == b"a"


@pytest.mark.parametrize(
    "text",
    [
        "Y",
        "=",
        "====",
        "YQ===",
        "YWJj=",
        "YWJj====",
        "YQ==YQ==",
        "Y=Q=",
        "Y Q==",
        "YQ==\t",
        "YQ==\0",
        "_-8=",
        "YQ==,",
        "data:image/png;base64,YWJj",
        "ＹＱ==",
        "图片",
        "\ud800",
    ],
)
def test_other_characters_are_refused(text: str) -> None:
    assert refused(text) is ErrorKind.FORMAT_UNSUPPORTED


def test_limit_is_ten_megabytes_of_text() -> None:
    assert len(decode_base64("A" * LIMIT)) == LIMIT // 4 * 3
    assert refused("A" * (LIMIT + 1)) is ErrorKind.IMAGE_TEXT_TOO_LONG
    assert refused("!" * (LIMIT + 1)) is ErrorKind.IMAGE_TEXT_TOO_LONG
