"""Authorization: every call of the management API, made by every role."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.management.conftest import ROLES, AccountServer
from tests.support.api_assertions import assert_failure
from web_image_ocr.primitives.errors import ErrorKind

NOBODY_ELSES = {"administrator": 200, "caller": 404, "viewer": 404, "stranger": 404}
FOR_ADMINISTRATORS = {"administrator": 200, "caller": 403, "viewer": 403, "stranger": 404}
FOR_EACH_ACCOUNT = {"administrator": 200, "caller": 403, "viewer": 403, "stranger": 200}
FOR_ALL = {"administrator": 200, "caller": 200, "viewer": 200, "stranger": 200}

CALLS: list[tuple[str, str, Any, dict[str, int]]] = [
    ("GET", "/v1/me", None, FOR_ALL),
    (
        "POST",
        "/v1/me/password",
        {"current_password": "?", "new_password": "another-long-password"},
        {},
    ),
    ("GET", "/v1/projects", None, FOR_ALL),
    ("POST", "/v1/projects", {"name": "new"}, FOR_EACH_ACCOUNT),
    ("PUT", "/v1/projects/{project}/subscription", None, FOR_ADMINISTRATORS),
    ("DELETE", "/v1/projects/{project}/subscription", None, FOR_ADMINISTRATORS),
    ("DELETE", "/v1/projects/{project}", None, FOR_ADMINISTRATORS),
    ("GET", "/v1/keys", None, FOR_ALL),
    ("GET", "/v1/keys?user=*", None, FOR_EACH_ACCOUNT),
    ("GET", "/v1/keys?user={user}", None, FOR_ADMINISTRATORS),
    ("POST", "/v1/keys", {}, FOR_ALL),
    ("POST", "/v1/keys", {"user_id": "{user}"}, FOR_ADMINISTRATORS),
    ("PATCH", "/v1/keys/{key}", {"enabled": False}, NOBODY_ELSES),
    ("DELETE", "/v1/keys/{key}", None, NOBODY_ELSES),
    ("GET", "/v1/usage", None, FOR_ALL),
    ("GET", "/v1/usage?project_id={project}", None, FOR_ALL | {"stranger": 404}),
    ("GET", "/v1/usage?format=csv", None, FOR_ALL),
    ("GET", "/v1/users", None, FOR_EACH_ACCOUNT),
    ("POST", "/v1/users", {"name": "new", "role": "caller"}, FOR_EACH_ACCOUNT),
    ("PATCH", "/v1/users/{user}", {"role": "viewer"}, FOR_ADMINISTRATORS),
    ("POST", "/v1/users/{user}/password", {}, FOR_ADMINISTRATORS),
    ("DELETE", "/v1/users/{user}", None, FOR_ADMINISTRATORS),
]
REFUSALS = {
    401: ErrorKind.LOGIN_FAILED,
    403: ErrorKind.ROLE_FORBIDDEN,
    404: ErrorKind.RECORD_UNKNOWN,
}
PASSWORD_NEEDED = 401


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"), CALLS, ids=lambda value: str(value)[:40]
)
async def test_who_may_do_what(
    server: AccountServer, method: str, path: str, body: Any, expected: dict[str, int]
) -> None:
    """Start with the least allowed role, whose calls must not change anything."""
    other = server.identity.administration.create_user("another").user
    values = {
        "{project}": server.project_id,
        "{user}": other.id,
        "{key}": server.identity.administration.create_key(other.id).access,
    }
    for name, value in values.items():
        path = path.replace(name, value)
    if body and body.get("user_id"):
        body = {"user_id": other.id}
    assert_failure(await server.call(method, path, None, json=body), ErrorKind.CREDENTIALS_MISSING)
    for who in ("stranger", *reversed(ROLES)):
        answer = await server.call(method, path, who, json=body)
        status = expected.get(who, PASSWORD_NEEDED)
        if status == 200:
            assert answer.is_success, (who, answer.text)
        else:
            assert answer.status_code == status, (who, answer.text)
            assert_failure(answer, REFUSALS[status])
