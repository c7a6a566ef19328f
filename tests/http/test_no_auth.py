from __future__ import annotations

import httpx
import pytest

from tests.support.api_assertions import IMAGE, PATH, assert_failure, web_image_path
from web_image_ocr.primitives.errors import ErrorKind


@pytest.mark.parametrize("project", ["a" * 32, "anything", "%7Bproject_id%7D"])
async def test_any_project_is_served(anonymous: httpx.AsyncClient, project: str) -> None:
    response = await anonymous.post(web_image_path(project), json={"image": IMAGE})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "path", ["/v3/auth/tokens", "/v3/projects", "/v3.0/OS-CREDENTIAL/securitytokens", "/v3"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_there_is_no_identity_api(
    anonymous: httpx.AsyncClient, method: str, path: str
) -> None:
    assert_failure(await anonymous.request(method, path), ErrorKind.ROUTE_UNKNOWN)


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8000", "LOCALHOST", "127.0.0.1:8000", "127.9.9.9", "[::1]:80"]
)
async def test_loopback_names_are_served(anonymous: httpx.AsyncClient, host: str) -> None:
    response = await anonymous.post(PATH, headers={"Host": host}, json={"image": IMAGE})
    assert response.status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "localhost.example.com",
        "127.0.0.1.example.com",
        "192.168.1.1",
        "0.0.0.0",  # noqa: S104 - a name to refuse
        "[::]",
        "",
        "localhost@example.com",
        "example.com@localhost",
        "localhost/x",
        "[::1",
    ],
)
async def test_other_names_are_refused(anonymous: httpx.AsyncClient, host: str) -> None:
    response = await anonymous.post(PATH, headers={"Host": host}, json={"image": IMAGE})
    assert_failure(response, ErrorKind.ORIGIN_FORBIDDEN)


@pytest.mark.parametrize(
    "origin", ["http://example.com", "null", "http://localhost:3000", "https://localhost", ""]
)
async def test_other_origins_are_refused(anonymous: httpx.AsyncClient, origin: str) -> None:
    response = await anonymous.post(PATH, headers={"Origin": origin}, json={"image": IMAGE})
    assert_failure(response, ErrorKind.ORIGIN_FORBIDDEN)


async def test_the_own_origin_is_accepted(anonymous: httpx.AsyncClient) -> None:
    headers = {"Origin": "http://localhost"}
    response = await anonymous.post(PATH, headers=headers, json={"image": IMAGE})
    assert response.status_code == 200


async def test_the_openapi_document_has_no_security(anonymous: httpx.AsyncClient) -> None:
    document = (await anonymous.get("/openapi.json")).json()
    assert "securitySchemes" not in document["components"]
    assert "/v3/auth/tokens" not in document["paths"]
    assert "security" not in document["paths"]["/v2/{project_id}/ocr/web-image"]["post"]
