from __future__ import annotations

import json
from pathlib import Path

import httpx

from tests.http.conftest import Clients
from tests.support.api_assertions import assert_failure
from web_image_ocr.api.app import openapi_document
from web_image_ocr.primitives.errors import ErrorKind

COMMITTED = Path(__file__).parents[2] / "docs" / "openapi.json"


async def test_the_served_document_equals_the_committed_one(client: httpx.AsyncClient) -> None:
    served = (await client.get("/openapi.json")).json()
    assert served == openapi_document()
    assert served == json.loads(COMMITTED.read_text(encoding="utf-8")), "run: make docs"


async def test_it_names_every_route(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    called = {(path, method) for path, item in document["paths"].items() for method in item}
    assert called == {
        ("/v2/{project_id}/ocr/web-image", "post"),
        ("/v3/auth/tokens", "post"),
        ("/v3/auth/tokens", "get"),
        ("/v3/auth/tokens", "head"),
        ("/v3/auth/tokens", "delete"),
        ("/v3/projects", "get"),
        ("/v3.0/OS-CREDENTIAL/securitytokens", "post"),
        ("/v1/service", "get"),
        ("/v1/me", "get"),
        ("/v1/me/password", "post"),
        ("/v1/projects", "get"),
        ("/v1/projects", "post"),
        ("/v1/projects/{id}", "delete"),
        ("/v1/projects/{id}/subscription", "put"),
        ("/v1/projects/{id}/subscription", "delete"),
        ("/v1/keys", "get"),
        ("/v1/keys", "post"),
        ("/v1/keys/{access}", "patch"),
        ("/v1/keys/{access}", "delete"),
        ("/v1/usage", "get"),
        ("/v1/users", "get"),
        ("/v1/users", "post"),
        ("/v1/users/{id}", "patch"),
        ("/v1/users/{id}", "delete"),
        ("/v1/users/{id}/password", "post"),
        ("/healthz", "get"),
        ("/readyz", "get"),
    }


async def test_every_reference_is_defined(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    text = json.dumps(document)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names == set(document["components"]["schemas"])
    assert "$defs" not in text
    assert "HTTPValidationError" not in text


async def test_the_call_is_described_with_body_credentials_and_errors(
    client: httpx.AsyncClient,
) -> None:
    document = (await client.get("/openapi.json")).json()
    call = document["paths"]["/v2/{project_id}/ocr/web-image"]["post"]
    assert call["security"] == [{"token": []}, {"signature": []}]
    assert set(call["responses"]) == {
        *("200", "400", "401", "403", "404", "413", "414", "429", "494", "500", "503", "504")
    }
    body = call["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/WebImageRequest"}
    fields = document["components"]["schemas"]["WebImageRequest"]["properties"]
    assert list(fields) == [
        "image",
        "url",
        "detect_direction",
        "extract_type",
        "detect_font",
        "detect_text_direction",
    ]


async def test_it_can_be_disabled(clients: Clients) -> None:
    async with clients(openapi=False) as client:
        assert_failure(await client.get("/openapi.json"), ErrorKind.ROUTE_UNKNOWN)
