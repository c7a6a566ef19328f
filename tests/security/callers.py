"""Create a database with callers of all kinds, and their calls, at a fixed time."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.api_assertions import IMAGE
from web_image_ocr.identity import (
    API_NAME,
    Identity,
    NewAccessKey,
    PasswordLogin,
    Reference,
    Role,
    Scope,
    SignedRequest,
)
from web_image_ocr.identity.signature import sign
from web_image_ocr.primitives.errors import ServiceError

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
PASSWORD, FORMER_PASSWORD = "correct-horse-battery", "former-horse-battery"
HERE, GUESSER = "192.0.2.1", "203.0.113.9"


@dataclass
class Clock:
    """Return a settable time."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Call:
    """Describe a call: request, client address and time after ``NOW``."""

    method: str
    path: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    query: str = ""
    client: str = HERE
    after: timedelta = timedelta()

    def with_token(self, token: str) -> Call:
        return replace(self, headers={**self.headers, "X-Auth-Token": token})

    def signed(self, key: NewAccessKey, secret: str = "") -> Call:
        """Return the call signed at ``NOW`` with the key, or with another secret."""
        headers = {"Host": "localhost", "X-Sdk-Date": NOW.strftime("%Y%m%dT%H%M%SZ")}
        names = tuple(sorted(name.lower() for name in headers))
        lines = tuple((name.lower().encode(), value.encode()) for name, value in headers.items())
        request = SignedRequest(
            method=self.method,
            path=self.path.encode(),
            query=self.query.encode(),
            headers=lines,
            body=self.body,
        )
        signature = sign(secret or key.secret, request, names)
        headers["Authorization"] = (
            f"SDK-HMAC-SHA256 Access={key.access}, SignedHeaders={';'.join(names)}, "
            f"Signature={signature}"
        )
        return replace(self, headers={**self.headers, **headers})


@dataclass(frozen=True)
class Callers:
    """Hold the users: each has a token for the project ``home`` and an access key."""

    identity: Identity
    home: str
    elsewhere: str
    tokens: dict[str, str]
    keys: dict[str, NewAccessKey]

    def log_in(self, user: str, password: str = PASSWORD, scope: Scope | None = None) -> str:
        """Return a new token, by default for ``home``."""
        return self.identity.sign_in.log_in(
            PasswordLogin(
                user=Reference(name=user),
                domain=Reference(name="default"),
                password=password,
                scope=scope or Scope(project=Reference(id=self.home)),
            ),
            HERE,
        ).token

    def lock(self, call: Call) -> None:
        """Make five failed attempts with the caller's key and password, from ``GUESSER``."""
        login = PasswordLogin(
            user=Reference(name="caller"), domain=Reference(name="default"), password="guess"
        )
        guess = SignedRequest(
            method=call.method,
            path=call.path.encode(),
            query=b"",
            headers=tuple(
                (name.lower().encode(), value.encode())
                for name, value in call.signed(self.keys["caller"], "guess").headers.items()
            ),
            body=call.body,
        )
        for _ in range(5):
            for attempt in (
                lambda: self.identity.sign_in.log_in(login, GUESSER),
                lambda: self.identity.signatures.authenticate(guess, GUESSER),
            ):
                try:
                    attempt()
                except ServiceError:
                    continue
                raise AssertionError("a guess succeeded")


def create_callers(identity: Identity) -> Callers:
    """Create the users in an empty database."""
    operator = identity.administration
    first = identity.initialize(password=PASSWORD)
    elsewhere = operator.create_project("elsewhere").id
    operator.enable(elsewhere, API_NAME)
    callers = Callers(
        identity=identity, home=str(first.project_id), elsewhere=elsewhere, tokens={}, keys={}
    )
    for user, role in {
        "caller": Role.CALLER,
        "viewer": Role.VIEWER,
        "renewed": Role.CALLER,
        "disabled": Role.CALLER,
        "revoked": Role.CALLER,
    }.items():
        password = FORMER_PASSWORD if user == "renewed" else PASSWORD
        operator.create_user(user, role, password)
        callers.tokens[user] = callers.log_in(user, password)
        callers.keys[user] = operator.create_key(user)
    other_project = Scope(project=Reference(id=elsewhere))
    callers.tokens["elsewhere"] = callers.log_in("caller", scope=other_project)
    account = Scope(domain=Reference(name="default"))
    callers.tokens["account"] = callers.log_in("caller", scope=account)
    operator.set_password("renewed", PASSWORD)
    operator.disable_user("disabled")
    operator.disable_key(callers.keys["revoked"].access)
    return callers


def plain_call(callers: Callers, method: str, path: str, sent: str) -> Call:
    """Return the call of a row without credentials."""
    bodies: dict[str, object] = {
        "an image": {"image": IMAGE},
        "a password": password_request(callers, {}),
        "a token": _request({"methods": ["token"], "token": {}}, callers.home),
        "nothing": None,
    }
    body = bodies[sent]
    call = Call(
        method,
        path.replace("{project_id}", callers.home),
        b"" if body is None or method in {"GET", "HEAD", "DELETE"} else json.dumps(body).encode(),
    )
    if path == "/v3/auth/tokens" and method in {"GET", "HEAD", "DELETE"}:
        subject = callers.log_in("caller") if method == "DELETE" else callers.tokens["caller"]
        return replace(call, headers={"X-Subject-Token": subject})
    return call


def password_request(
    callers: Callers, user: dict[str, str], *, project: str = "", scoped: bool = True
) -> dict[str, Any]:
    """Return the body of a sign-in; without a user it holds no password."""
    full = {**user, "domain": {"name": "default"}} if user else {}
    identity = {"methods": ["password"], "password": {"user": full}}
    return _request(identity, project or callers.home, scoped=scoped)


def _request(identity: dict[str, Any], project: str, *, scoped: bool = True) -> dict[str, Any]:
    scope: dict[str, Any] = (
        {"project": {"id": project}} if scoped else {"domain": {"name": "default"}}
    )
    return {"auth": {"identity": identity, "scope": scope}}
