"""Checklist of the contract, lines 31 to 45: bodies and pictures that are refused."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest

from tests.contract.pictures import as_text, encoded, picture
from tests.contract.servers import Server
from web_image_ocr.api.errors import TABLE
from web_image_ocr.primitives.errors import ErrorKind

pytestmark = [pytest.mark.server, pytest.mark.models]

MB = 1024**2

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
    return as_text(encoded(picture(size=(width, height))))


def test_31_both_image_and_url(server: Server, hello: bytes) -> None:
    body = {"image": as_text(hello), "url": "https://example.com/a.png"}
    assert_refused(server.post(body), 400, "AIS.0101")


def test_32_neither(server: Server) -> None:
    assert_refused(server.post({}), 400, "AIS.0101")


@pytest.mark.parametrize("field", ["number", "array", "extract_type"])
def test_33_wrong_types(server: Server, hello: bytes, field: str) -> None:
    text = as_text(hello)
    bodies: dict[str, dict[str, Any]] = {
        "number": {"image": 7},
        "array": {"image": [text]},
        "extract_type": {"image": text, "extract_type": "image_size"},
    }
    assert_refused(server.post(bodies[field]), 400, "AIS.0101")


@pytest.mark.parametrize("value", ["true", "yes"])
def test_34_a_boolean_as_text(server: Server, hello: bytes, value: str) -> None:
    body = {"image": as_text(hello), "detect_direction": value}
    assert_refused(server.post(body), 400, "AIS.0101")


@pytest.mark.parametrize("text", ["*no base64*", as_text(b"This is a text file.\n" * 9)])
def test_35_no_picture(server: Server, text: str) -> None:
    assert_refused(server.post({"image": text}), 400, "AIS.0102")


def test_36_a_data_prefix(server: Server, hello: bytes) -> None:
    body = {"image": "data:image/png;base64," + as_text(hello)}
    assert_refused(server.post(body), 400, "AIS.0102")


@pytest.mark.parametrize(("width", "height"), [(14, 100), (100, 14), (14, 14)])
def test_37_a_side_below_15(server: Server, width: int, height: int) -> None:
    assert_refused(server.post({"image": _plain(width, height)}), 400, "AIS.0103")
    larger = _plain(max(width, 15), max(height, 15))
    assert server.post({"image": larger}).status_code == 200


@pytest.mark.parametrize("upright", [True, False])
def test_38_a_side_above_the_limit(
    server: Server, lenient_server: Server, *, upright: bool
) -> None:
    for where, limit in ((server, 8192), (lenient_server, 30_000)):
        for side, status in ((limit, 200), (limit + 1, 400)):
            size = (15, side) if upright else (side, 15)
            response = where.post({"image": _plain(*size)})
            assert response.status_code == status
            if status == 400:
                assert_refused(response, 400, "AIS.0103")


def test_39_a_truncated_jpeg(server: Server) -> None:
    file = encoded(picture(((60, 60), "Hello World")), "JPEG")
    assert_refused(server.post({"image": as_text(file[: len(file) // 2])}), 400, "AIS.0102")


def test_40_texts_letter_by_letter(server: Server) -> None:
    table = {row.code: row.message for row in TABLE.values() if row.code.startswith("AIS.")}
    assert table == TEXTS
    for image, code in (("", "AIS.0101"), ("%", "AIS.0102"), (_plain(14, 14), "AIS.0103")):
        assert server.post({"image": image}).json()["error_msg"] == TEXTS[code]


def test_41_every_error_has_both_fields(server: Server) -> None:
    client = server.client
    answers = [
        server.post({}),
        server.post({"image": "%"}),
        server.post({"url": "ftp://example.com/"}),
        server.post_raw(b"no json"),
        server.post({}, headers={"X-Auth-Token": "abc"}),
        server.post({}, path="/v2/x/ocr/web-image"),
        client.post(server.path),
        client.get(server.path),
        client.get("/nowhere"),
    ]
    for answer in answers:
        assert answer.status_code >= 400
        body = answer.json()
        assert type(body["error_code"]) is str
        assert type(body["error_msg"]) is str
        assert body["error_code"]
        assert body["error_msg"]


@pytest.mark.parametrize("content", [b"", b"{", b"image=abc", b"\xff\xfe"])
def test_42_a_body_that_is_no_json(server: Server, content: bytes) -> None:
    assert_refused(server.post_raw(content), 400, "ModelArts.4105")


@pytest.mark.parametrize("content", [b"[]", b'["image"]', b'"image"', b"7", b"null"])
def test_43_json_that_is_no_object(server: Server, content: bytes) -> None:
    assert_refused(server.post_raw(content), 400, "AIS.0101")


def test_44_base64_above_10_mb(server: Server) -> None:
    text = base64.b64encode(bytes(10 * MB // 4 * 3 + 3)).decode()
    assert 10 * MB < len(text) < 12 * MB
    assert_refused(server.post({"image": text}), 400, "ModelArts.4104")


def test_45_a_body_above_12_mb(server: Server) -> None:
    response = server.post_raw(b"x" * (12 * MB + 1))
    assert_refused(response, 413, "APIG.0201")
    assert response.json()["error_msg"] == TABLE[ErrorKind.BODY_TOO_LARGE].message
    assert response.json()["error_msg"] == "Request entity too large."
