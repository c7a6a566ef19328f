"""Checklist of the contract, lines 31 to 40 and 42 to 45: refused bodies and images."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.support.images import draw_image, encode_image, to_base64
from tests.support.servers import Service, words
from web_image_ocr.api.wire.errors import TABLE

pytestmark = [pytest.mark.server, pytest.mark.models]

MB = 1024**2
HELLO = draw_image(((60, 60), "Hello World"))

TEXTS = {
    "AIS.0101": "The input parameter is invalid.",
    "AIS.0102": "The image format is not supported.",
    "AIS.0103": "The image size does not meet the requirements.",
    "AIS.0104": "The image is not supported or the image quality is poor.",
    "AIS.0105": "Recognition failed.",
}


def assert_refused(response: httpx.Response, status: int, code: str) -> None:
    body = response.json()
    assert (response.status_code, body["error_code"]) == (status, code)
    assert isinstance(body["error_msg"], str)
    if code in TEXTS:
        assert body["error_msg"] == TEXTS[code]


def _plain(width: int, height: int) -> str:
    return to_base64(encode_image(draw_image(size=(width, height))))


def test_31_both_image_and_url(service: Service, hello: bytes) -> None:
    body = {"image": to_base64(hello), "url": "https://example.com/a.png"}
    assert_refused(service.post(body), 400, "AIS.0101")


def test_32_neither(service: Service) -> None:
    assert_refused(service.post({}), 400, "AIS.0101")


@pytest.mark.parametrize("field", ["number", "array", "extract_type"])
def test_33_wrong_types(service: Service, hello: bytes, field: str) -> None:
    text = to_base64(hello)
    bodies: dict[str, dict[str, Any]] = {
        "number": {"image": 7},
        "array": {"image": [text]},
        "extract_type": {"image": text, "extract_type": "image_size"},
    }
    assert_refused(service.post(bodies[field]), 400, "AIS.0101")


@pytest.mark.parametrize("value", ["true", "yes"])
def test_34_a_boolean_as_text(service: Service, hello: bytes, value: str) -> None:
    body = {"image": to_base64(hello), "detect_direction": value}
    assert_refused(service.post(body), 400, "AIS.0101")


@pytest.mark.parametrize("text", ["*no base64*", to_base64(b"This is a text file.\n" * 9)])
def test_35_not_an_image(service: Service, text: str) -> None:
    assert_refused(service.post({"image": text}), 400, "AIS.0102")


def test_36_a_data_prefix(service: Service, hello: bytes) -> None:
    body = {"image": "data:image/png;base64," + to_base64(hello)}
    assert_refused(service.post(body), 400, "AIS.0102")


@pytest.mark.parametrize(("width", "height"), [(14, 100), (100, 14), (14, 14)])
def test_37_a_side_below_15(service: Service, width: int, height: int) -> None:
    assert_refused(service.post({"image": _plain(width, height)}), 400, "AIS.0103")
    larger = _plain(max(width, 15), max(height, 15))
    assert service.post({"image": larger}).status_code == 200


@pytest.mark.parametrize("upright", [True, False])
def test_38_a_side_above_the_limit(
    service: Service, lenient_service: Service, *, upright: bool
) -> None:
    for where, limit in ((service, 8192), (lenient_service, 30_000)):
        for side, status in ((limit, 200), (limit + 1, 400)):
            size = (15, side) if upright else (side, 15)
            response = where.post({"image": _plain(*size)})
            assert response.status_code == status
            if status == 400:
                assert_refused(response, 400, "AIS.0103")


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("kept", [0.25, 0.5, 0.9, 0.99])
def test_39_a_truncated_jpeg(service: Service, kept: float, *, progressive: bool) -> None:
    file = encode_image(HELLO, "JPEG", progressive=progressive)
    cut = file[: round(len(file) * kept)]
    assert_refused(service.post({"image": to_base64(cut)}), 400, "AIS.0102")


@pytest.mark.parametrize("progressive", [False, True])
def test_39_a_jpeg_that_lacks_its_end_marker_only(service: Service, *, progressive: bool) -> None:
    file = encode_image(HELLO, "JPEG", progressive=progressive)
    assert words(service.recognize(file.removesuffix(b"\xff\xd9"))) == ["HelloWorld"]


def test_40_texts_letter_by_letter(service: Service) -> None:
    table = {row.code: row.message for row in TABLE.values() if row.code.startswith("AIS.")}
    assert set(table) >= {"AIS.0101", "AIS.0102", "AIS.0103", "AIS.0105"}
    assert table.items() <= TEXTS.items()
    for image, code in (("", "AIS.0101"), ("%", "AIS.0102"), (_plain(14, 14), "AIS.0103")):
        assert service.post({"image": image}).json()["error_msg"] == TEXTS[code]


@pytest.mark.parametrize("content", [b"", b"{", b"image=abc", b"\xff\xfe"])
def test_42_a_body_that_is_not_json(service: Service, content: bytes) -> None:
    assert_refused(service.post_raw(content), 400, "ModelArts.4105")


@pytest.mark.parametrize("content", [b"[]", b'["image"]', b'"image"', b"7", b"null"])
def test_43_json_that_is_not_an_object(service: Service, content: bytes) -> None:
    assert_refused(service.post_raw(content), 400, "AIS.0101")


def test_44_base64_above_10_mb(service: Service, hello: bytes) -> None:
    # Decoders ignore bytes after the end of a PNG file, so any length is a valid image.
    longest = to_base64(hello.ljust(10 * MB // 4 * 3, b"\0"))
    assert len(longest) == 10 * MB
    assert service.post({"image": longest}).status_code == 200
    longer = to_base64(hello.ljust(10 * MB // 4 * 3 + 1, b"\0"))
    assert_refused(service.post({"image": longer}), 400, "ModelArts.4104")


@pytest.mark.parametrize("chunked", [False, True])
def test_45_a_body_above_12_mb(service: Service, hello: bytes, *, chunked: bool) -> None:
    def send(body: bytes) -> httpx.Response:
        return service.post_raw(iter([body[:MB], body[MB:]]) if chunked else body)

    body = json.dumps({"image": to_base64(hello)}).encode()
    assert send(body.ljust(12 * MB)).status_code == 200
    response = send(body.ljust(12 * MB + 1))
    assert_refused(response, 413, "APIG.0201")
    assert response.json()["error_msg"] == "Request entity too large."
