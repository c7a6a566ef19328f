"""Define the rows of the management API, and calls that can be repeated."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable

from tests.security.callers import PASSWORD, Call, Callers
from web_image_ocr.identity import Role

_NUMBERS = itertools.count()

READ_BY_ALL = ("/v1/me", "/v1/projects", "/v1/keys", "/v1/usage")
OWN_KEYS = (
    ("POST", "/v1/keys"),
    ("PATCH", "/v1/keys/{access}"),
    ("DELETE", "/v1/keys/{access}"),
)
ADMINISTRATION = (
    ("POST", "/v1/projects"),
    ("DELETE", "/v1/projects/{id}"),
    ("PUT", "/v1/projects/{id}/subscription"),
    ("DELETE", "/v1/projects/{id}/subscription"),
    ("GET", "/v1/users"),
    ("POST", "/v1/users"),
    ("PATCH", "/v1/users/{id}"),
    ("DELETE", "/v1/users/{id}"),
    ("POST", "/v1/users/{id}/password"),
)

_BODIES: dict[tuple[str, str], Callable[[str], dict[str, object]]] = {
    ("POST", "/v1/me/password"): lambda _: {
        "current_password": PASSWORD,
        "new_password": PASSWORD[::-1],
    },
    ("POST", "/v1/keys"): lambda _: {},
    ("PATCH", "/v1/keys/{access}"): lambda _: {"enabled": False},
    ("POST", "/v1/projects"): lambda name: {"name": name},
    ("POST", "/v1/users"): lambda name: {"name": name, "role": "viewer"},
    ("PATCH", "/v1/users/{id}"): lambda _: {"role": "caller"},
    ("POST", "/v1/users/{id}/password"): lambda _: {},
}


def managed_call(callers: Callers, method: str, path: str) -> Call:
    """Return a call without credentials for a new record; keys belong to the user ``caller``."""
    name = f"new {next(_NUMBERS)}"
    operator = callers.identity.administration
    plain = path
    if "{access}" in path:
        plain = path.replace("{access}", operator.create_key("caller").access)
    elif path.startswith("/v1/users/{id}"):
        user = operator.create_user(f"user {name}", password=PASSWORD).user
        plain = path.replace("{id}", user.id)
    elif "{id}" in path:
        plain = path.replace("{id}", operator.create_project(f"project {name}").id)
    body = _BODIES.get((method, path))
    return Call(method, plain, json.dumps(body(name)).encode() if body else b"")


def new_user_token(callers: Callers, role: Role) -> str:
    """Return a token of a new user."""
    name = f"somebody {next(_NUMBERS)}"
    callers.identity.administration.create_user(name, role, PASSWORD)
    return callers.log_in(name)
