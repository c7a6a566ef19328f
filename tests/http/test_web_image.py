from __future__ import annotations

import base64
import json

import httpx
import pytest

from tests.http.conftest import Clients
from tests.support.api_assertions import IMAGE, PATH, assert_envelope, assert_failure
from tests.support.fake_image_source import FakeImageSource
from tests.support.fake_recognizer import FAKE_PAGE, FakeRecognizer
from web_image_ocr.api.wire.web_image import WebImageAnswer
from web_image_ocr.primitives.errors import ErrorKind


async def test_the_answer_is_the_page(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.post(PATH, json={"image": IMAGE})
    assert response.status_code == 200
    assert_envelope(response)
    assert response.json() == {
        "result": {
            "words_block_count": 2,
            "words_block_list": [
                {
                    "words": "Hello",
                    "confidence": 0.9877,
                    "location": [[10, 20], [111, 20], [111, 44], [10, 44]],
                },
                {
                    "words": "世界",
                    "confidence": 1.0,
                    "location": [[0, 100], [639, 100], [639, 479], [0, 479]],
                },
            ],
            "extracted_data": {},
        }
    }


async def test_the_answer_fits_its_model(anonymous: httpx.AsyncClient) -> None:
    body = {"image": IMAGE, "extract_type": ["image_size"]}
    response = await anonymous.post(PATH, json=body)
    WebImageAnswer.model_validate_json(response.content)


async def test_the_stages_are_timed(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.post(PATH, json={"image": IMAGE})
    stages = dict(stage.split(";dur=") for stage in response.headers["server-timing"].split(", "))
    assert list(stages) == ["detect", "read", "encode", "total"]
    assert (stages["detect"], stages["read"]) == ("10.0", "20.0")
    assert 0 <= float(stages["encode"]) <= float(stages["total"])


async def test_the_image_and_the_options_arrive(
    anonymous: httpx.AsyncClient, recognizer: FakeRecognizer
) -> None:
    large = bytes(range(256)) * 1000
    text = base64.b64encode(large).decode()
    await anonymous.post(PATH, json={"image": text, "detect_direction": True})
    await anonymous.post(PATH, json={"image": IMAGE, "detect_direction": False})
    assert [options.detect_direction for _, options in recognizer.calls] == [True, False]
    assert recognizer.calls[0][0] == large


async def test_a_url_goes_to_the_fetcher(
    anonymous: httpx.AsyncClient, fetcher: FakeImageSource
) -> None:
    response = await anonymous.post(PATH, json={"url": "https://example.com/图/a b.png"})
    assert_failure(response, ErrorKind.SOURCE_UNREACHABLE)
    assert fetcher.urls == ["https://example.com/图/a b.png"]


@pytest.mark.parametrize(
    "body",
    [
        {"image": IMAGE, "url": None},
        {"image": IMAGE, "url": ""},
        {"image": IMAGE, "detect_direction": None, "extract_type": None},
        {"image": IMAGE, "unheard_of": {"nested": [1, 2.5, None]}},
        {"image": IMAGE, "extract_type": []},
        {"image": IMAGE, "extract_type": ["image_size", "image_size"]},
        {"image": IMAGE, "extract_type": ["contact_info"]},
        {"image": IMAGE, "detect_font": True, "detect_text_direction": False},
    ],
)
async def test_accepted_bodies(anonymous: httpx.AsyncClient, body: dict[str, object]) -> None:
    assert (await anonymous.post(PATH, json=body)).status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"not json",
        b"'single'",
        b'{"image": "\xff"}',
        b'{"image": "a",}',
        b'{"detect_direction": NaN}',
        b'{"detect_direction": Infinity}',
        b'\xef\xbb\xbf{"image": "a"}',
        b"[" * 100_000,
        b'{"image": "\\ud800"}',
    ],
)
async def test_invalid_json_is_4105(anonymous: httpx.AsyncClient, content: bytes) -> None:
    response = await anonymous.post(PATH, content=content)
    assert_failure(response, ErrorKind.JSON_INVALID)


@pytest.mark.parametrize(
    "body",
    [
        [],
        "text",
        7,
        None,
        True,
        {},
        {"image": ""},
        {"image": None, "url": None},
        {"image": IMAGE, "url": "https://example.com/a.png"},
        {"image": 7},
        {"image": [IMAGE]},
        {"image": {"data": IMAGE}},
        {"image": True},
        {"url": 7},
        {"image": IMAGE, "detect_direction": "true"},
        {"image": IMAGE, "detect_direction": "yes"},
        {"image": IMAGE, "detect_direction": 1},
        {"image": IMAGE, "detect_direction": 0.0},
        {"image": IMAGE, "extract_type": "image_size"},
        {"image": IMAGE, "extract_type": ["image_sizes"]},
        {"image": IMAGE, "extract_type": [7]},
        {"image": IMAGE, "extract_type": {"image_size": True}},
        {"image": IMAGE, "detect_font": "true"},
        {"image": IMAGE, "detect_text_direction": "ｔｒｕｅ"},
    ],
)
async def test_invalid_parameters_are_0101(anonymous: httpx.AsyncClient, body: object) -> None:
    response = await anonymous.post(PATH, content=json.dumps(body))
    assert_failure(response, ErrorKind.PARAMETER_INVALID)


async def test_the_last_one_of_repeated_keys_wins(
    anonymous: httpx.AsyncClient, recognizer: FakeRecognizer
) -> None:
    content = f'{{"image": 7, "image": "{IMAGE}", "url": "x", "url": null}}'
    assert (await anonymous.post(PATH, content=content)).status_code == 200
    assert recognizer.calls[0][0] == base64.b64decode(IMAGE)


@pytest.mark.parametrize("content_type", ["application/json;charset=utf-8", "text/plain", ""])
async def test_the_content_type_does_not_matter(
    anonymous: httpx.AsyncClient, content_type: str
) -> None:
    content = json.dumps({"image": IMAGE})
    headers = {"Content-Type": content_type}
    assert (await anonymous.post(PATH, content=content, headers=headers)).status_code == 200


@pytest.mark.parametrize("text", ["data:image/png;base64," + IMAGE, "%%%", "a-b_", "图"])
async def test_invalid_base64_is_0102(anonymous: httpx.AsyncClient, text: str) -> None:
    response = await anonymous.post(PATH, json={"image": text})
    assert_failure(response, ErrorKind.FORMAT_UNSUPPORTED)


async def test_base64_above_10_mb_is_4104(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.post(PATH, json={"image": "A" * (10 * 1024**2 + 4)})
    assert_failure(response, ErrorKind.IMAGE_TEXT_TOO_LONG)
    response = await anonymous.post(PATH, json={"image": "A" * (10 * 1024**2)})
    assert response.status_code == 200


async def test_an_empty_page_is_a_result(
    anonymous: httpx.AsyncClient, recognizer: FakeRecognizer
) -> None:
    recognizer.page = type(FAKE_PAGE)(width=100, height=50, lines=())
    response = await anonymous.post(PATH, json={"image": IMAGE})
    assert response.status_code == 200
    result = response.json()["result"]
    assert (result["words_block_count"], result["words_block_list"]) == (0, [])


async def test_the_fetch_counts_towards_the_deadline(
    clients: Clients, fetcher: FakeImageSource
) -> None:
    async with clients(deadline_s=1e-9) as client:
        response = await client.post(PATH, json={"url": "https://example.com/a.png"})
    assert_failure(response, ErrorKind.DEADLINE_EXCEEDED)
    assert fetcher.urls == []
