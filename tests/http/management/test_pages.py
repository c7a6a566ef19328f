"""Paging of lists and quotas in the management API and the identity API."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.http.management.conftest import AccountServer
from tests.support.api_assertions import assert_failure
from web_image_ocr.primitives.errors import ErrorKind


async def test_the_pages_of_a_list(server: AccountServer) -> None:
    for number in range(5):
        server.identity.administration.create_project(f"Größe {number} 测试")
    found: list[str] = []
    query = "?limit=4"
    while True:
        page = (await server.call("GET", f"/v1/projects{query}", "viewer")).json()
        found += [project["name"] for project in page["projects"]]
        if page["next_marker"] is None:
            break
        assert len(page["projects"]) == 4
        query = f"?limit=4&marker={page['next_marker']}"
    assert found == sorted(found)
    assert len(found) == 6


@pytest.mark.parametrize("path", ["/v1/projects", "/v1/users", "/v1/keys", "/v1/keys?user=*"])
async def test_a_page_has_a_hundred_records_by_default(server: AccountServer, path: str) -> None:
    accounts = server.identity.administration.without_quotas()
    for number in range(101):
        if path == "/v1/projects":
            accounts.create_project(f"project {number}")
        elif path == "/v1/users":
            accounts.create_user(f"user {number}", password="correct-horse-battery")
        else:
            accounts.create_key("administrator")
    name = path.removeprefix("/v1/").partition("?")[0]
    answer = (await server.call("GET", path)).json()
    assert len(answer[name]) == 100
    assert answer["next_marker"]
    mark = "&" if "?" in path else "?"
    whole = (await server.call("GET", f"{path}{mark}limit=1000")).json()
    assert len(whole[name]) > 100
    assert whole["next_marker"] is None
    assert whole[name][:100] == answer[name]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=1001", "limit=-1", "limit=x", "limit=", "limit=1e3", "limit=٣", "marker=x"],
)
@pytest.mark.parametrize("path", ["/v1/projects", "/v1/users", "/v1/keys"])
async def test_an_invalid_page(server: AccountServer, path: str, query: str) -> None:
    answer = await server.call("GET", f"{path}?{query}")
    reason = query.partition("=")[0]
    assert (answer.status_code, answer.json()["error_code"]) == (400, "APIG.0602")
    assert f"The request is invalid: {reason} " in answer.json()["error_msg"]


@pytest.mark.parametrize("query", ["offset=3", "limit=1&limit=2", "user=x"])
async def test_unknown_parameters(server: AccountServer, query: str) -> None:
    answer = await server.call("GET", f"/v1/users?{query}")
    assert_failure(
        answer,
        ErrorKind.MANAGEMENT_REQUEST_INVALID,
        {"reason": "a parameter is unknown or stands twice"},
    )


async def test_the_project_look_up_links_its_pages(server: AccountServer) -> None:
    for number in range(5):
        server.identity.administration.create_project(f"project {number}")
    whole = (await server.call("GET", "/v3/projects")).json()
    assert len(whole["projects"]) == 6
    assert whole["links"]["next"] is None
    found: list[Any] = []
    path = "/v3/projects?limit=4"
    while path:
        page = (await server.call("GET", path)).json()
        found += page["projects"]
        parts = urlsplit(page["links"]["next"] or "")
        path = f"{parts.path}?{parts.query}" if parts.path else ""
    assert found == whole["projects"]
    named = (await server.call("GET", "/v3/projects?name=project%203&limit=1")).json()
    assert [project["name"] for project in named["projects"]] == ["project 3"]
    assert named["links"]["next"] is None


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "marker=x"])
async def test_an_invalid_project_look_up(server: AccountServer, query: str) -> None:
    answer = await server.call("GET", f"/v3/projects?{query}")
    assert answer.status_code == 400
    assert answer.json()["error"]["title"] == "Bad Request"


async def test_a_third_key_is_refused(server: AccountServer) -> None:
    for _ in range(2):
        assert (await server.call("POST", "/v1/keys", "caller", json={})).status_code == 201
    refused = await server.call("POST", "/v1/keys", "caller", json={})
    assert refused.status_code == 403
    said = refused.json()
    assert said["error_code"] == "APIG.0602"
    assert said["error_msg"].startswith("The quota is used up: at most 2 access keys of one user")
    ids = server.ids
    by_administrator = await server.call("POST", "/v1/keys", json={"user_id": ids["caller"]})
    assert by_administrator.status_code == 403
    assert len((await server.call("GET", "/v1/keys", "caller")).json()["keys"]) == 2
