"""The audit trail: every call that changes accounts makes exactly one record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from typing import Any

import httpx
import pytest
import structlog

from tests.http.management.conftest import PASSWORD, AccountServer
from web_image_ocr.api.app import openapi_document
from web_image_ocr.primitives import audit

Record = MutableMapping[str, Any]
NEW = "another-long-password"


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Record]]:
    monkeypatch.setattr(audit, "_log", structlog.stdlib.get_logger(audit.AUDIT_LOGGER))
    with structlog.testing.capture_logs(
        processors=[structlog.contextvars.merge_contextvars]
    ) as captured:
        yield captured


def trail(logged: list[Record]) -> list[Record]:
    return [record for record in logged if "outcome" in record]


def sign_in_body(
    name: str = "administrator", password: str = PASSWORD, **scope: Any
) -> dict[str, Any]:
    user = {"name": name, "password": password, "domain": {"name": "default"}}
    return {"auth": {"identity": {"methods": ["password"], "password": {"user": user}}, **scope}}


def token_body(token: str) -> dict[str, Any]:
    return {"auth": {"identity": {"methods": ["token"], "token": {"id": token}}}}


async def _signed_in(server: AccountServer) -> tuple[httpx.Response, str]:
    return await server.call("POST", "/v3/auth/tokens", None, json=sign_in_body()), server.ids[
        "administrator"
    ]


async def _revoked(server: AccountServer) -> tuple[httpx.Response, str]:
    headers = {"X-Auth-Token": server.tokens["administrator"]}
    headers["X-Subject-Token"] = server.tokens["viewer"]
    answer = await server.client.delete("/v3/auth/tokens", headers=headers)
    return answer, server.ids["viewer"]


async def _temporary_key(server: AccountServer) -> tuple[httpx.Response, str]:
    body = token_body(server.tokens["administrator"])
    answer = await server.client.post("/v3.0/OS-CREDENTIAL/securitytokens", json=body)
    return answer, answer.json()["credential"]["access"]


async def _own_password(server: AccountServer) -> tuple[httpx.Response, str]:
    body = {"current_password": PASSWORD, "new_password": NEW}
    answer = await server.call("POST", "/v1/me/password", json=body)
    return answer, server.ids["administrator"]


async def _project(server: AccountServer) -> tuple[httpx.Response, str]:
    answer = await server.call("POST", "/v1/projects", json={"name": "new"})
    return answer, answer.json()["id"]


async def _user(server: AccountServer) -> tuple[httpx.Response, str]:
    answer = await server.call("POST", "/v1/users", json={"name": "anna", "role": "caller"})
    return answer, answer.json()["user"]["id"]


async def _key(server: AccountServer) -> tuple[httpx.Response, str]:
    answer = await server.call("POST", "/v1/keys", json={})
    return answer, answer.json()["access"]


def _on(
    method: str, path: str, target: Callable[[AccountServer], str], json: object = None
) -> Callable[[AccountServer], Awaitable[tuple[httpx.Response, str]]]:
    async def call(server: AccountServer) -> tuple[httpx.Response, str]:
        named = target(server)
        return await server.call(method, path.format(named), json=json), named

    return call


def _viewer(server: AccountServer) -> str:
    return server.ids["viewer"]


def _the_project(server: AccountServer) -> str:
    return server.project_id


def _a_key(server: AccountServer) -> str:
    return server.identity.administration.create_key("administrator").access


CHANGES: dict[
    tuple[str, str], tuple[str, Callable[[AccountServer], Awaitable[tuple[httpx.Response, str]]]]
] = {
    ("post", "/v3/auth/tokens"): ("signed_in", _signed_in),
    ("delete", "/v3/auth/tokens"): ("token_revoked", _revoked),
    ("post", "/v3.0/OS-CREDENTIAL/securitytokens"): ("temporary_key_issued", _temporary_key),
    ("post", "/v1/me/password"): ("password_changed", _own_password),
    ("post", "/v1/projects"): ("project_created", _project),
    ("delete", "/v1/projects/{id}"): (
        "project_deleted",
        _on("DELETE", "/v1/projects/{}", _the_project),
    ),
    ("put", "/v1/projects/{id}/subscription"): (
        "subscription_enabled",
        _on("PUT", "/v1/projects/{}/subscription", _the_project),
    ),
    ("delete", "/v1/projects/{id}/subscription"): (
        "subscription_disabled",
        _on("DELETE", "/v1/projects/{}/subscription", _the_project),
    ),
    ("post", "/v1/users"): ("user_created", _user),
    ("patch", "/v1/users/{id}"): (
        "user_changed",
        _on("PATCH", "/v1/users/{}", _viewer, {"enabled": False}),
    ),
    ("post", "/v1/users/{id}/password"): (
        "password_changed",
        _on("POST", "/v1/users/{}/password", _viewer, {"password": NEW}),
    ),
    ("delete", "/v1/users/{id}"): ("user_deleted", _on("DELETE", "/v1/users/{}", _viewer)),
    ("post", "/v1/keys"): ("key_created", _key),
    ("patch", "/v1/keys/{access}"): (
        "key_disabled",
        _on("PATCH", "/v1/keys/{}", _a_key, {"enabled": False}),
    ),
    ("delete", "/v1/keys/{access}"): ("key_deleted", _on("DELETE", "/v1/keys/{}", _a_key)),
}


def test_every_route_that_changes_something_is_listed() -> None:
    routes = {
        (method, path)
        for path, methods in openapi_document()["paths"].items()
        for method in methods
        if method in {"post", "put", "patch", "delete"} and not path.startswith("/v2/")
    }
    assert routes == CHANGES.keys(), "name its event here, and decorate what it calls in identity"


@pytest.mark.parametrize("route", CHANGES, ids=" ".join)
async def test_a_change_makes_one_record(
    server: AccountServer, logged: list[Record], route: tuple[str, str]
) -> None:
    event, call = CHANGES[route]
    answer, target = await call(server)
    assert answer.is_success, answer.text
    (record,) = [record for record in trail(logged) if "request_id" in record]
    assert (record["event"], record["outcome"]) == (event, "success")
    assert record["actor"] == server.ids["administrator"]
    assert record["target"] == target
    assert record["client"] == "127.0.0.1"
    assert record["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("route", [r for r in CHANGES if r[1].startswith("/v1/")], ids=" ".join)
async def test_a_refused_change_makes_one_record(
    server: AccountServer, logged: list[Record], route: tuple[str, str]
) -> None:
    method, path = route
    target = "A" * 20 if "{access}" in path else "0" * 32 if "{id}" in path else ""
    path = path.replace("{access}", target).replace("{id}", target)
    answer = await server.call(method.upper(), path, "viewer", json={"nonsense": 1})
    assert answer.is_client_error
    (record,) = trail(logged)
    assert record["event"] == "change_refused"
    assert record["outcome"] in {
        "role_forbidden",
        "record_unknown",
        "management_request_invalid",
        "json_invalid",
    }
    assert record["change"]
    assert record["actor"] == server.ids["viewer"]
    assert record["target"] in {target, ""}


async def test_unauthenticated_calls_make_no_records_of_changes(
    server: AccountServer, logged: list[Record]
) -> None:
    for method, path in CHANGES:
        if path.startswith("/v1/"):
            await server.call(method.upper(), path, None, json={})
    assert trail(logged) == []


async def test_a_failed_sign_in_records_the_id_and_never_the_sent_name(
    server: AccountServer, logged: list[Record]
) -> None:
    for name in ("viewer", "invented-name"):
        body = sign_in_body(name, "invented-password")
        assert (await server.call("POST", "/v3/auth/tokens", None, json=body)).status_code == 401
    known, unknown = trail(logged)
    for record, target in ((known, server.ids["viewer"]), (unknown, "")):
        assert (record["event"], record["outcome"]) == ("sign_in_failed", "login_failed")
        assert (record["actor"], record["target"]) == ("", target)
        assert record["client"] == "127.0.0.1"
    assert "invented" not in repr(logged)


async def test_a_locked_sign_in_is_recorded(server: AccountServer, logged: list[Record]) -> None:
    for _ in range(6):
        await server.call("POST", "/v3/auth/tokens", None, json=sign_in_body("viewer", "wrong-one"))
    events = [record["event"] for record in trail(logged)]
    assert events == ["sign_in_failed"] * 5 + ["sign_in_locked"]
    assert {record["target"] for record in trail(logged)} == {server.ids["viewer"]}


async def test_a_wrong_current_password_is_a_failed_sign_in(
    server: AccountServer, logged: list[Record]
) -> None:
    body = {"current_password": "wrong-password", "new_password": NEW}
    await server.call("POST", "/v1/me/password", "viewer", json=body)
    (record,) = trail(logged)
    assert (record["event"], record["target"]) == ("sign_in_failed", server.ids["viewer"])


async def test_a_rescoped_token_and_a_refused_scope_are_recorded(
    server: AccountServer, logged: list[Record]
) -> None:
    body = token_body(server.tokens["viewer"])
    await server.call("POST", "/v3/auth/tokens", None, json=body)
    body["auth"]["scope"] = {"project": {"name": "invented-project"}}
    await server.call("POST", "/v3/auth/tokens", None, json=body)
    made, refused = trail(logged)
    assert (made["event"], made["actor"]) == ("token_rescoped", server.ids["viewer"])
    assert (refused["event"], refused["change"]) == ("change_refused", "token_rescoped")
    assert "invented" not in repr(logged)


async def test_the_network_is_recorded_as_lockout_counts_it(
    server: AccountServer, logged: list[Record]
) -> None:
    transport = httpx.ASGITransport(
        server.client._transport.app,  # type: ignore[attr-defined]
        client=("2001:db8::1:2:3:4", 4711),
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://server") as client:
        await client.post("/v3/auth/tokens", json=sign_in_body("viewer", "wrong-one"))
    (record,) = trail(logged)
    assert record["client"] == "2001:db8::/64"
