"""Arbitrary requests get an answer in the contract's form, never an unexpected exception."""

from __future__ import annotations

import asyncio
import json
import string

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.api_assertions import IMAGE, PATH, assert_envelope
from tests.support.fake_image_source import FakeImageSource
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.api.app import create_app
from web_image_ocr.api.config import ApiConfig
from web_image_ocr.api.dependencies import Dependencies

pytestmark = pytest.mark.slow

APP = create_app(
    Dependencies(recognizer=FakeRecognizer(), fetcher=FakeImageSource(), identity=None), ApiConfig()
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
fields = ["image", "url", "detect_direction", "extract_type", "detect_font"]
fitting = st.sampled_from([IMAGE, "", "image_size", ["image_size"], "true", True, None])
bodies = json_values | st.dictionaries(st.sampled_from(fields), fitting | json_values)
paths = st.text(string.printable, max_size=40).map(lambda text: "/" + text)


def _send(method: str, path: str, content: bytes) -> httpx.Response:
    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(APP)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, path, content=content)

    return asyncio.run(send())


def _assert_in_form(response: httpx.Response, statuses: set[int]) -> None:
    assert_envelope(response)
    assert response.status_code in statuses
    body = response.json()
    if response.status_code == 200:
        assert "result" in body
    else:
        assert {"error_code", "error_msg"} <= set(body)


@given(bodies)
def test_any_json(body: object) -> None:
    _assert_in_form(_send("POST", PATH, json.dumps(body).encode()), {200, 400})


@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    _assert_in_form(_send("POST", PATH, content), {200, 400})


@given(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE"]), paths)
def test_any_path(method: str, path: str) -> None:
    try:
        url = httpx.URL("http://localhost").join(path)
    except httpx.InvalidURL:
        return
    if url.host != "localhost":
        return
    _assert_in_form(_send(method, str(url), b""), {404})
