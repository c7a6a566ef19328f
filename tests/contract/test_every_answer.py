"""Checklist of the contract, lines 27, 28 and 41: common properties of all answers."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from tests.support.api_assertions import SECURITY_HEADERS
from tests.support.images import chinese_image, encode_image, to_base64
from tests.support.servers import Service, sign_in

pytestmark = [pytest.mark.server, pytest.mark.models]

CHINESE = "田中土"


@pytest.fixture(scope="module")
def answers(service: Service) -> list[httpx.Response]:
    """Return one answer of each kind, the first to an image of Chinese text."""
    client = service.client
    chinese = encode_image(chinese_image((60, 50), (118, 50), (176, 50), size=(480, 160)))
    bad_subject = {"X-Auth-Token": service.token, "X-Subject-Token": "abc"}
    return [
        service.post({"image": to_base64(chinese)}),
        sign_in(client, service.account),
        client.get("/healthz"),
        client.get("/readyz"),
        client.get("/openapi.json"),
        service.post({}),
        service.post({"image": "%"}),
        service.post({"url": "ftp://example.com/"}),
        service.post_raw(b"no json"),
        service.post({}, headers={"X-Auth-Token": "abc"}),
        client.post(service.path),
        service.post({"image": "%"}, path="/v2/x/ocr/web-image"),
        client.get(service.path),
        client.get("/v2"),
        service.post_raw(b"x" * 13_000_000),
        client.post(service.path + "?" + "a" * 40_000),
        client.post(service.path, headers={"X": "a" * 40_000}),
        client.post("/v3/auth/tokens"),
        client.get("/v3/auth/tokens", headers=bad_subject),
        client.get("/v3/projects"),
    ]


def test_there_is_an_answer_of_each_status(answers: list[httpx.Response]) -> None:
    assert {answer.status_code for answer in answers} == {
        *(200, 201, 400, 401, 403, 404, 413, 414, 494)
    }


def test_27_answers_are_json_in_utf8(answers: list[httpx.Response]) -> None:
    for answer in answers:
        assert answer.headers["content-type"].startswith("application/json")
        json.loads(answer.content.decode("utf-8"))
    assert CHINESE.encode("utf-8") in answers[0].content


def test_28_every_answer_has_a_request_id(answers: list[httpx.Response]) -> None:
    ids = [answer.headers["x-request-id"] for answer in answers]
    assert all(re.fullmatch("[0-9a-f]{32}", one) for one in ids)
    assert len(set(ids)) == len(ids)


def test_no_answer_is_cached_or_shown_as_a_page(answers: list[httpx.Response]) -> None:
    for answer in answers:
        assert SECURITY_HEADERS.items() <= dict(answer.headers).items()


def test_41_every_error_has_both_fields(answers: list[httpx.Response]) -> None:
    # The identity API has its own form: lines 60 to 62.
    errors = [
        answer
        for answer in answers
        if not answer.is_success and not answer.request.url.path.startswith("/v3/")
    ]
    assert len(errors) == 12
    for answer in errors:
        assert answer.status_code >= 400
        body = answer.json()
        assert type(body["error_code"]) is str
        assert type(body["error_msg"]) is str
        assert body["error_code"]
        assert body["error_msg"]
