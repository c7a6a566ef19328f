from __future__ import annotations

import asyncio
import string

import httpx
import pytest

from tests.http.conftest import Clients
from tests.support.api_assertions import IMAGE, PATH, assert_failure
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.api.wire.errors import TABLE, wire_error
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

PUBLIC = {
    "expires_at": "2026-01-04T09:05:22.000000Z",
    "limit": "100",
    "time": "1 minute",
    "reason": "why",
}


def test_the_table_has_every_kind() -> None:
    assert set(TABLE) == set(ErrorKind)


def test_statuses_are_failures_and_placeholders_are_known() -> None:
    for row in TABLE.values():
        assert 400 <= row.status < 600
        fields = {name for _, name, _, _ in string.Formatter().parse(row.message) if name}
        assert fields <= set(PUBLIC)


def test_a_missing_value_leaves_no_placeholder_behind() -> None:
    assert wire_error(ServiceError(ErrorKind.TOKEN_EXPIRED)).message.endswith("expires_at: ")


@pytest.mark.parametrize("kind", list(ErrorKind))
async def test_every_kind_has_the_shape_of_the_contract(
    anonymous: httpx.AsyncClient, recognizer: FakeRecognizer, kind: ErrorKind
) -> None:
    def fault() -> None:
        raise ServiceError(kind, "a detail that stays here", public=PUBLIC)

    recognizer.fault = fault
    response = await anonymous.post(PATH, json={"image": IMAGE})
    assert_failure(response, kind, PUBLIC)
    assert "a detail that stays here" not in response.text


async def test_an_unexpected_exception_is_500_without_details(
    anonymous: httpx.AsyncClient, recognizer: FakeRecognizer
) -> None:
    def fault() -> None:
        raise ZeroDivisionError("the secret value")

    recognizer.fault = fault
    response = await anonymous.post(PATH, json={"image": IMAGE})
    assert_failure(response, ErrorKind.INTERNAL)
    assert "secret" not in response.text
    recognizer.fault = lambda: None
    assert (await anonymous.post(PATH, json={"image": IMAGE})).status_code == 200


async def test_a_call_cancelled_by_shutdown_is_503(
    anonymous: httpx.AsyncClient, recognizer: FakeRecognizer
) -> None:
    recognizer.seconds = 60
    call = asyncio.create_task(anonymous.post(PATH, json={"image": IMAGE}))
    while not recognizer.calls:  # noqa: ASYNC110 - it sets no event
        await asyncio.sleep(0.001)
    call.cancel()  # as uvicorn does after `server.shutdown_s`
    assert_failure(await call, ErrorKind.ENGINE_UNAVAILABLE)


async def test_a_dead_recognizer_is_503(
    anonymous: httpx.AsyncClient, recognizer: FakeRecognizer
) -> None:
    recognizer.alive = False
    response = await anonymous.post(PATH, json={"image": IMAGE})
    assert_failure(response, ErrorKind.ENGINE_UNAVAILABLE)


async def test_a_slow_recognizer_is_504(clients: Clients, recognizer: FakeRecognizer) -> None:
    recognizer.seconds = 5
    async with clients(deadline_s=0.05) as client:
        response = await client.post(PATH, json={"image": IMAGE})
    assert_failure(response, ErrorKind.DEADLINE_EXCEEDED)


async def test_overload_has_a_retry_after(
    anonymous: httpx.AsyncClient, recognizer: FakeRecognizer
) -> None:
    def fault() -> None:
        raise ServiceError(ErrorKind.OVERLOADED, retry_after=2.4)

    recognizer.fault = fault
    response = await anonymous.post(PATH, json={"image": IMAGE})
    assert_failure(response, ErrorKind.OVERLOADED)
    assert response.headers["retry-after"] == "3"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", PATH),
        ("PUT", PATH),
        ("DELETE", PATH),
        ("OPTIONS", PATH),
        ("POST", PATH + "/"),
        ("POST", "/v2/ocr/web-image"),
        ("POST", "/v2//ocr/web-image"),
        ("POST", PATH.replace("web-image", "general-text")),
        ("POST", "/v1.0/ocr/web-image"),
        ("POST", "/healthz"),
        ("GET", "/"),
        ("GET", "/docs"),
        ("GET", "/redoc"),
        ("GET", "/v2"),
        ("GET", "/../../etc/passwd"),
        ("GET", "/%00"),
    ],
)
async def test_every_unknown_path_and_method_is_404(
    anonymous: httpx.AsyncClient, method: str, path: str
) -> None:
    response = await anonymous.request(method, path)
    assert_failure(response, ErrorKind.ROUTE_UNKNOWN)


async def test_head_of_an_unknown_path_is_404_without_a_body(anonymous: httpx.AsyncClient) -> None:
    response = await anonymous.head(PATH)
    assert response.status_code == 404
    assert len(response.headers["x-request-id"]) == 32


async def test_a_request_id_of_the_client_is_ignored(anonymous: httpx.AsyncClient) -> None:
    mine = "f" * 32
    response = await anonymous.post(PATH, headers={"X-Request-Id": mine}, json={})
    assert_failure(response, ErrorKind.PARAMETER_INVALID)
    assert response.headers["x-request-id"] != mine
