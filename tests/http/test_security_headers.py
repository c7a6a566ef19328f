"""Security headers of every answer; see also ``api_assertions``."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import Response
from starlette.routing import Route

from tests.http.conftest import Account
from tests.support.api_assertions import IMAGE, PATH, SECURITY_HEADERS, assert_envelope
from tests.support.fake_image_source import FakeImageSource
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.api.app import create_app
from web_image_ocr.api.config import ApiConfig
from web_image_ocr.api.dependencies import Dependencies

HTTPS_ONLY = "strict-transport-security"


async def test_successes_and_failures(client: httpx.AsyncClient, account: Account) -> None:
    subject = {**account.headers, "X-Subject-Token": account.token}
    answers = [
        await client.post(account.path, headers=account.headers, json={"image": IMAGE}),
        await client.get("/v3/auth/tokens", headers=subject),
        await client.get("/v3/projects", headers=account.headers),
        await client.get("/healthz"),
        await client.get("/readyz"),
        await client.get("/openapi.json"),
        await client.post(account.path),
        await client.post("/v3/auth/tokens", content=b"{"),
        await client.get("/nowhere"),
        await client.post(account.path, content=b"x" * (12 * 1024**2 + 1)),
        await client.post(account.path + "?" + "a" * 33_000),
        await client.post(account.path, headers={"x": "a" * 33_000}),
    ]
    statuses = [answer.status_code for answer in answers]
    assert statuses == [200, 200, 200, 200, 200, 200, 401, 400, 404, 413, 414, 494]
    for answer in answers:
        assert_envelope(answer)
        assert HTTPS_ONLY not in answer.headers
    head = await client.head("/v3/auth/tokens", headers=subject)
    assert SECURITY_HEADERS.items() <= dict(head.headers).items()


async def test_an_unexpected_exception(
    anonymous: httpx.AsyncClient, recognizer: FakeRecognizer
) -> None:
    def fault() -> None:
        raise ZeroDivisionError

    recognizer.fault = fault
    response = await anonymous.post(PATH, json={"image": IMAGE})
    assert response.status_code == 500
    assert_envelope(response)


@pytest.mark.parametrize("path", ["/healthz", "/nowhere"])
async def test_hsts_over_https_only(path: str) -> None:
    transport = httpx.ASGITransport(_app())
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost") as client:
        response = await client.get(path)
    assert response.headers[HTTPS_ONLY] == "max-age=31536000"


async def test_a_page_may_have_its_own_policy() -> None:
    own = {"content-security-policy": "default-src 'self'", "cache-control": "max-age=60"}

    async def page(_request: object) -> Response:
        return Response("<p>", headers=own)

    app = _app()
    app.router.routes.append(Route("/page", page))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        response = await client.get("/page")
    assert (SECURITY_HEADERS | own).items() <= dict(response.headers).items()


def _app() -> FastAPI:
    dependencies = Dependencies(
        recognizer=FakeRecognizer(), fetcher=FakeImageSource(), identity=None
    )
    return create_app(dependencies, ApiConfig())
