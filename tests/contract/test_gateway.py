"""Checklist of the contract, lines 46 to 52: path, method, gateway."""

from __future__ import annotations

import httpx
import pytest

from tests.support.images import to_base64
from tests.support.servers import Service, admin, sign_in

pytestmark = [pytest.mark.server, pytest.mark.models]


def assert_gateway_error(response: httpx.Response, status: int, code: str) -> str:
    """Assert the form of the gateway's errors; return the text."""
    body = response.json()
    assert (response.status_code, body["error_code"]) == (status, code)
    assert body["request_id"] == response.headers["x-request-id"]
    return str(body["error_msg"])


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_46_another_method_on_the_path(service: Service, method: str) -> None:
    response = service.client.request(method, service.path)
    text = assert_gateway_error(response, 404, "APIG.0101")
    assert text == "The API does not exist or has not been published in the environment."


def test_47_no_project_id(service: Service) -> None:
    assert_gateway_error(service.post({}, path="/v2/ocr/web-image"), 404, "APIG.0101")


def test_48_the_sdks_placeholder(service: Service, hello: bytes) -> None:
    path = "/v2/%7Bproject_id%7D/ocr/web-image"
    response = service.post({"image": to_base64(hello)}, path=path)
    assert response.status_code == 403
    assert response.json()["error_code"] == "ModelArts.4203"


@pytest.mark.parametrize("name", ["general-text", "web-image2", "", "web_image"])
def test_49_an_unknown_name(service: Service, name: str) -> None:
    path = service.path.replace("web-image", name)
    assert_gateway_error(service.post({}, path=path), 404, "APIG.0101")


def test_50_gateway_errors_carry_the_request_id(service: Service) -> None:
    client = service.client
    assert_gateway_error(client.get("/nowhere"), 404, "APIG.0101")
    assert_gateway_error(client.post(service.path), 401, "APIG.0301")
    assert_gateway_error(service.post_raw(b"x" * 13_000_000), 413, "APIG.0201")
    assert_gateway_error(client.post(service.path, headers={"X": "a" * 40_000}), 494, "APIG.0201")
    assert_gateway_error(client.post(service.path + "?" + "a" * 40_000), 414, "APIG.0201")


def test_51_too_many_calls(throttled_service: Service, hello: bytes) -> None:
    # One of three calls may fall into the next minute.
    answers = [throttled_service.post({"image": to_base64(hello)}) for _ in range(3)]
    assert answers[0].status_code == 200
    refused = next(answer for answer in answers if answer.status_code != 200)
    text = assert_gateway_error(refused, 429, "APIG.0308")
    assert text.startswith("The throttling threshold has been reached")
    assert text.endswith("limit:1,time:1 minute")
    assert 1 <= int(refused.headers["retry-after"]) <= 60


def test_52_not_enabled(service: Service, hello: bytes) -> None:
    project = admin(service.data_dir, "project", "create", "not-enabled")
    token = _token_for(service, project["name"])
    response = service.post(
        {"image": to_base64(hello)},
        path=f"/v2/{project['id']}/ocr/web-image",
        headers={"X-Auth-Token": token},
    )
    assert response.status_code == 400
    assert response.json() == {
        "error_code": "ModelArts.4204",
        "error_msg": "Request api error! The API web-image is not subscribed.",
    }


def _token_for(service: Service, project_name: str) -> str:
    scope = {"project": {"name": project_name}}
    response = sign_in(service.client, service.account, scope=scope)
    assert response.status_code == 201
    return response.headers["x-subject-token"]
