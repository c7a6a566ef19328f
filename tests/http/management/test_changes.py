"""Changes by the management API, refusals, and secrets that it never shows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, MutableMapping
from typing import Any

import httpx
import pytest
import structlog

from tests.http.management.conftest import PASSWORD, AccountServer
from tests.support.api_assertions import IMAGE, assert_failure, web_image_path
from web_image_ocr.api import middleware
from web_image_ocr.api.wire.management import (
    Key,
    KeysAnswer,
    ManagedProject,
    ManagedProjectsAnswer,
    ManagedUser,
    MeAnswer,
    NewKeyAnswer,
    NewPasswordAnswer,
    ServiceAnswer,
    UsersAnswer,
)
from web_image_ocr.engine.runtime.models import DETECTION, RECOGNITION
from web_image_ocr.identity import PasswordLogin, Reference
from web_image_ocr.primitives.cpu import has_vnni
from web_image_ocr.primitives.errors import ErrorKind

NAMES = ["<b>x</b>", "图像 项目", "=1+1", "a'b\"c", "${x}", "..", "{reason}", "%s", "é" * 64]
NEW = "another-long-password"


def assert_invalid(answer: httpx.Response, reason: str = "") -> None:
    assert_failure(answer, ErrorKind.MANAGEMENT_REQUEST_INVALID, _reason_of(answer))
    assert reason in answer.json()["error_msg"]


def _reason_of(answer: httpx.Response) -> dict[str, str]:
    return {"reason": answer.json()["error_msg"].removeprefix("The request is invalid: ")}


async def test_the_service_shows_its_capabilities(server: AccountServer) -> None:
    answer = await server.call("GET", "/v1/service", None)
    told = ServiceAnswer.model_validate_json(answer.content)
    assert told.authentication
    assert told.edition == "2021"
    parts = [(model.part, model.name) for model in told.models]
    assert parts == [("detection", DETECTION.name), ("recognition", RECOGNITION.name)]
    used = "int8" if has_vnni() else "float32"
    assert [model.precision for model in told.models] == [used, used]
    assert told.formats == ["JPEG", "PNG", "BMP", "TIFF", "GIF", "WEBP"]
    assert (told.limits.min_side, told.limits.max_side) == (15, 8192)
    assert told.limits.max_image_bytes == 10 * 1024**2


async def test_who_am_i(server: AccountServer) -> None:
    answer = await server.call("GET", "/v1/me", "viewer")
    told = MeAnswer.model_validate_json(answer.content)
    assert (told.user.name, told.user.role) == ("viewer", "viewer")
    assert told.project
    assert told.project.id == server.project_id
    account = server.identity.sign_in.log_in(
        PasswordLogin(
            user=Reference(name="viewer"), domain=Reference(name="default"), password=PASSWORD
        ),
        "127.0.0.1",
    )
    server.tokens["account"] = account.token
    assert (await server.call("GET", "/v1/me", "account")).json()["project"] is None


async def test_a_project_from_creation_to_deletion(server: AccountServer) -> None:
    made = await server.call("POST", "/v1/projects", json={"name": "cn-east-3"})
    project = ManagedProject.model_validate_json(made.content)
    assert not project.enabled
    path = f"/v1/projects/{project.id}"
    for method, enabled in (("PUT", True), ("PUT", True), ("DELETE", False), ("DELETE", False)):
        changed = await server.call(method, f"{path}/subscription")
        assert changed.json() == {**made.json(), "enabled": enabled}
        listed = await server.call("GET", "/v1/projects", "viewer")
        projects = ManagedProjectsAnswer.model_validate_json(listed.content).projects
        assert {found.name: found.enabled for found in projects} == {
            "cn-east-3": enabled,
            "cn-north-4": True,
        }
    gone = await server.call("DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert_failure(await server.call("DELETE", path), ErrorKind.RECORD_UNKNOWN)
    taken = await server.call("POST", "/v1/projects", json={"name": "cn-north-4"})
    assert taken.status_code == 409
    assert taken.json()["error_msg"].endswith("project 'cn-north-4' exists already")


async def test_a_key_from_creation_to_deletion(server: AccountServer) -> None:
    made = await server.call("POST", "/v1/keys", "caller", json={})
    key = NewKeyAnswer.model_validate_json(made.content)
    assert (key.user_name, key.enabled, len(key.secret)) == ("caller", True, 40)
    path = f"/v1/keys/{key.access}"
    for enabled in (False, True):
        changed = await server.call("PATCH", path, "caller", json={"enabled": enabled})
        assert Key.model_validate_json(changed.content).enabled is enabled
        assert key.secret not in changed.text
    listed = await server.call("GET", "/v1/keys", "caller")
    assert [found.access for found in KeysAnswer.model_validate_json(listed.content).keys] == [
        key.access
    ]
    assert key.secret not in listed.text
    everybodys = (await server.call("GET", "/v1/keys?user=*")).json()["keys"]
    assert {found["user_name"] for found in everybodys} == {"administrator", "caller"}
    assert (await server.call("DELETE", path, "caller")).status_code == 204
    assert_failure(await server.call("DELETE", path, "caller"), ErrorKind.RECORD_UNKNOWN)


async def test_a_user_from_creation_to_deletion(server: AccountServer) -> None:
    made = await server.call("POST", "/v1/users", json={"name": "anna", "role": "caller"})
    told = NewPasswordAnswer.model_validate_json(made.content)
    assert told.password
    server.sign_in("anna", told.password)
    path = f"/v1/users/{told.user.id}"
    reset = await server.call("POST", f"{path}/password", json={"password": NEW})
    assert NewPasswordAnswer.model_validate_json(reset.content).password is None
    server.tokens["anna"] = server.sign_in("anna", NEW)
    changed = await server.call("PATCH", path, json={"role": "administrator"})
    assert ManagedUser.model_validate_json(changed.content).role == "administrator"
    listed = await server.call("GET", "/v1/users", "anna")
    users = UsersAnswer.model_validate_json(listed.content).users
    assert [user.name for user in users] == ["administrator", "anna", "caller", "viewer"]
    await server.call("PATCH", path, json={"enabled": False})
    assert_failure(await server.call("GET", "/v1/users", "anna"), ErrorKind.TOKEN_REVOKED)
    assert (await server.call("DELETE", path)).status_code == 204


async def test_a_token_has_the_current_role_of_its_user(server: AccountServer) -> None:
    await server.call("PATCH", f"/v1/users/{server.ids['caller']}", json={"role": "administrator"})
    assert (await server.call("GET", "/v1/users", "caller")).status_code == 200
    await server.call("PATCH", f"/v1/users/{server.ids['caller']}", json={"role": "viewer"})
    assert_failure(await server.call("GET", "/v1/users", "caller"), ErrorKind.ROLE_FORBIDDEN)
    refused = await server.call(
        "POST", web_image_path(server.project_id), "caller", json={"image": IMAGE}
    )
    assert_failure(refused, ErrorKind.ROLE_FORBIDDEN)


@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("PATCH", {"role": "caller"}),
        ("PATCH", {"enabled": False}),
        ("PATCH", {"role": "viewer", "enabled": False}),
        ("DELETE", None),
    ],
)
async def test_the_last_administrator_cannot_be_removed(
    server: AccountServer, method: str, body: object
) -> None:
    answer = await server.call(method, f"/v1/users/{server.ids['administrator']}", json=body)
    assert answer.status_code == 409
    assert "the last administrator" in answer.json()["error_msg"]
    assert (await server.call("GET", "/v1/users")).status_code == 200


@pytest.mark.parametrize(
    ("method", "body"),
    [("PATCH", {"role": "caller"}), ("PATCH", {"enabled": False}), ("DELETE", None)],
)
async def test_two_administrators_cannot_remove_each_other(
    server: AccountServer, method: str, body: object
) -> None:
    await server.call("PATCH", f"/v1/users/{server.ids['caller']}", json={"role": "administrator"})
    answers = await asyncio.gather(
        server.call(method, f"/v1/users/{server.ids['caller']}", "administrator", json=body),
        server.call(method, f"/v1/users/{server.ids['administrator']}", "caller", json=body),
    )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses[0] in {200, 204}
    # The other call found two administrators, or its caller had lost the role.
    assert statuses[1] in {401, 403, 409}
    users = server.identity.administration.users()
    assert sum(user.role == "administrator" and user.enabled for user in users) == 1


class TestSignOut:
    async def test_the_token_is_revoked(self, server: AccountServer) -> None:
        token = server.tokens["caller"]
        headers = {"X-Auth-Token": token, "X-Subject-Token": token}
        answer = await server.client.delete("/v3/auth/tokens", headers=headers)
        assert (answer.status_code, answer.content) == (204, b"")
        assert_failure(await server.call("GET", "/v1/me", "caller"), ErrorKind.TOKEN_REVOKED)
        again = await server.client.delete("/v3/auth/tokens", headers=headers)
        assert again.json()["error"]["message"] == "The token must be updated."

    async def test_tokens_that_cannot_be_revoked(self, server: AccountServer) -> None:
        for subject, status in (("", 404), ("x", 404), (server.tokens["administrator"], 403)):
            answer = await server.client.delete(
                "/v3/auth/tokens",
                headers={"X-Auth-Token": server.tokens["caller"], "X-Subject-Token": subject},
            )
            assert answer.json()["error"]["code"] == answer.status_code == status


class TestOwnPassword:
    async def test_a_new_password(self, server: AccountServer) -> None:
        body = {"current_password": PASSWORD, "new_password": NEW}
        answer = await server.call("POST", "/v1/me/password", "viewer", json=body)
        assert (answer.status_code, answer.content) == (204, b"")
        assert_failure(await server.call("GET", "/v1/me", "viewer"), ErrorKind.TOKEN_REVOKED)
        server.sign_in("viewer", NEW)

    async def test_guesses_are_counted(self, server: AccountServer) -> None:
        body = {"current_password": "a guess of it", "new_password": NEW}
        for _ in range(5):
            answer = await server.call("POST", "/v1/me/password", "viewer", json=body)
            assert_failure(answer, ErrorKind.LOGIN_FAILED)
        answer = await server.call("POST", "/v1/me/password", "viewer", json=body)
        assert answer.json()["error_msg"] == "The account is locked."
        assert int(answer.headers["retry-after"]) > 0

    async def test_an_invalid_password(self, server: AccountServer) -> None:
        body = {"current_password": PASSWORD, "new_password": "short"}
        answer = await server.call("POST", "/v1/me/password", "viewer", json=body)
        assert_invalid(answer, "a password has 8 to 1024 characters")

    async def test_a_guessable_password_is_refused_with_the_reason(
        self, server: AccountServer
    ) -> None:
        body = {"current_password": PASSWORD, "new_password": "viewer12"}
        answer = await server.call("POST", "/v1/me/password", "viewer", json=body)
        assert_invalid(answer, "the password is too easy to guess: it is made of the name of")
        user = {"name": "gustav", "role": "caller", "password": "Passw0rd!"}
        answer = await server.call("POST", "/v1/users", json=user)
        assert_invalid(answer, "too easy to guess: this is similar to a commonly used password")


BODIES: list[tuple[str, str, object]] = [
    (method, path, body)
    for method, path, bodies in (
        ("POST", "/v1/projects", [{}, {"name": 7}, {"name": ""}, {"name": "x", "id": "y"}]),
        ("POST", "/v1/projects", [{"name": " x"}, {"name": "a\nb"}, {"name": "x" * 65}]),
        ("POST", "/v1/users", [{}, {"name": "x"}, {"name": "x", "role": "root"}]),
        ("POST", "/v1/users", [{"name": "x", "role": "caller", "password": "short"}]),
        ("POST", "/v1/users", [{"name": "x", "role": "caller", "enabled": True}]),
        ("POST", "/v1/keys", [{"user_id": 7}, {"user": "x"}, {"secret": "x"}]),
        ("PATCH", "/v1/keys/AK", [{}, {"enabled": "true"}, {"enabled": 1}]),
        ("PATCH", f"/v1/users/{'0' * 32}", [{"name": "x"}, {"role": None, "enabled": "no"}]),
        ("POST", "/v1/me/password", [{}, {"current_password": PASSWORD}]),
    )
    for body in (*bodies, [], None, 7, "x")
]


async def test_an_invalid_body_is_answered_with_the_reason(server: AccountServer) -> None:
    for method, path, body in BODIES:
        assert_invalid(await server.call(method, path, json=[None] if body is None else body))
    for content in (b"", b"{", b"\xff", b"{}" * 20000, b"[" * 20000):
        assert_invalid(await server.call("POST", "/v1/projects", content=content))


@pytest.mark.parametrize("kind", ["users", "projects"])
async def test_an_unknown_record(server: AccountServer, kind: str) -> None:
    for id_ in ("x", "0" * 31, "A" * 32, "%00", "..%2f..", "0" * 32, "图"):
        answer = await server.call("DELETE", f"/v1/{kind}/{id_}")
        assert answer.status_code == 404, id_
        assert answer.json()["error_code"] == "APIG.0101"
    assert len(server.identity.administration.users()) == 3
    assert len(server.identity.administration.projects()) == 1


@pytest.mark.parametrize("kind", ["users", "projects"])
async def test_names_are_returned_unchanged(server: AccountServer, kind: str) -> None:
    for name in NAMES:
        body = {"name": name, "role": "viewer"} if kind == "users" else {"name": name}
        assert (await server.call("POST", f"/v1/{kind}", json=body)).status_code == 201
        listed = (await server.call("GET", f"/v1/{kind}")).json()[kind]
        assert name in {found["name"] for found in listed}
        taken = await server.call("POST", f"/v1/{kind}", json=body)
        assert taken.status_code == 409
        assert taken.headers["content-type"].startswith("application/json")
        assert repr(name) in taken.json()["error_msg"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/me"), ("GET", "/v1/usage"), ("GET", "/v1/users"), ("POST", "/v1/keys")],
)
async def test_without_authentication_there_is_no_management_api(
    anonymous: httpx.AsyncClient, method: str, path: str
) -> None:
    assert_failure(await anonymous.request(method, path), ErrorKind.ROUTE_UNKNOWN)
    told = (await anonymous.get("/v1/service")).json()
    assert told["authentication"] is False


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[MutableMapping[str, Any]]]:
    monkeypatch.setattr(middleware, "_log", structlog.stdlib.get_logger("web_image_ocr.api"))
    with structlog.testing.capture_logs() as captured:
        yield captured


async def test_no_secret_is_logged(
    server: AccountServer, records: list[MutableMapping[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    made = await server.call("POST", "/v1/keys", json={})
    user = await server.call("POST", "/v1/users", json={"name": "anna", "role": "caller"})
    guess, secret_name = "a-guess-of-the-password", "hunter2-as-a-key"
    for body in (
        {"current_password": guess, "new_password": NEW},
        {"current_password": PASSWORD, "new_password": NEW, secret_name: 1},
        {"current_password": {PASSWORD: NEW}, "new_password": [NEW]},
    ):
        await server.call("POST", "/v1/me/password", "viewer", json=body)
    await server.call("DELETE", f"/v1/keys/{guess}")
    await server.call("GET", f"/v1/usage?from={guess}")
    await server.call("GET", f"/v1/keys?user={guess}")
    assert len([record for record in records if record["event"] == "call"]) == 8
    assert len(records) == 14  # six of them in the audit trail
    logged = repr(records) + caplog.text
    secrets = [made.json()["secret"], user.json()["password"], *server.tokens.values()]
    for secret in (*secrets, PASSWORD, NEW, guess, secret_name):
        assert secret not in logged
