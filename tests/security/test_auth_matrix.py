"""Test that every authenticated route refuses every kind of invalid credentials.

The routes come from the application: a new route without a row fails here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import argon2
import httpx
import pytest
from fastapi.routing import iter_route_contexts
from starlette.routing import Route

from tests.security.callers import (
    FORMER_PASSWORD,
    GUESSER,
    HERE,
    PASSWORD,
    Call,
    Callers,
    Clock,
    create_callers,
    password_request,
    plain_call,
)
from tests.security.managed import managed_call, new_user_token
from tests.security.matrix import FAULTS, OPEN, TABLE, NothingToRefuse, NotPossible, Refusal
from tests.support.fake_image_source import FakeImageSource
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.api.app import create_app
from web_image_ocr.api.config import ApiConfig
from web_image_ocr.api.dependencies import Dependencies
from web_image_ocr.identity import Identity, IdentityConfig, Role, passwords

UNKNOWN_PROJECT = "f" * 32
Row = tuple[str, str, str]


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def callers(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Callers]:
    with pytest.MonkeyPatch.context() as patch:
        # Hash in microseconds; test_passwords checks the real cost.
        patch.setattr(passwords, "HASH_COST", argon2.profiles.CHEAPEST)
        config = IdentityConfig(max_keys_per_user=0)  # each call changes another key
        identity = Identity(config, tmp_path_factory.mktemp("matrix"), clock=clock)
        yield create_callers(identity)
        identity.close()


class MatrixApplication:
    """Send calls to the application.

    Attributes:
        app: the application.
        recognized: images that reached the recognizer.
    """

    def __init__(self, callers: Callers, clock: Clock) -> None:
        recognizer = FakeRecognizer()
        dependencies = Dependencies(
            recognizer=recognizer, fetcher=FakeImageSource(), identity=callers.identity
        )
        self.app = create_app(dependencies, ApiConfig())
        self.recognized = recognizer.calls
        self._clock = clock

    async def send(self, call: Call) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, client=(call.client, 50000))
        url = call.path + (f"?{call.query}" if call.query else "")
        before = self._clock.now
        self._clock.now += call.after
        try:
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as to:
                return await to.request(call.method, url, content=call.body, headers=call.headers)
        finally:
            self._clock.now = before


@pytest.fixture(scope="module")
def shared_application(callers: Callers, clock: Clock) -> MatrixApplication:
    return MatrixApplication(callers, clock)


@pytest.fixture
def application(shared_application: MatrixApplication) -> MatrixApplication:
    shared_application.recognized.clear()
    return shared_application


def test_every_route_has_a_row(application: MatrixApplication) -> None:
    routes = set()
    for found in iter_route_contexts(application.app.routes):
        assert isinstance(found.original_route, Route), "a mounted application hides its routes"
        routes |= {(method, found.path) for method in found.methods or ()}
    assert routes == {(method, path) for method, path, _ in TABLE} | OPEN


def test_every_row_has_every_fault() -> None:
    for row, cells in TABLE.items():
        assert set(cells) == set(FAULTS), row


@pytest.mark.parametrize("row", TABLE, ids=" ".join)
async def test_valid_credentials_are_accepted(
    application: MatrixApplication, callers: Callers, row: Row
) -> None:
    """Prove that the refusals below are due to the faults."""
    call = _plain_call(callers, row)
    if row[2] == "a password":
        valid = [_sign_in(callers, "caller", PASSWORD)]
    elif row[2] == "a new password":
        valid = [call.with_token(new_user_token(callers, Role.VIEWER))]
    elif row[2] == "as an administrator":
        valid = [call.with_token(new_user_token(callers, Role.ADMINISTRATOR))]
    else:
        valid = [call.with_token(callers.tokens["caller"])]
    if row[2] in {"an image", "nothing"}:
        query = "" if row[1] == "/v1/usage" else "limit=1"  # /v1/usage refuses unknown parameters
        valid.append(replace(call, query=query).signed(callers.keys["caller"]))
    for each in valid:
        assert (await application.send(each)).is_success
    assert len(application.recognized) == (2 if row[2] == "an image" else 0)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("row", TABLE, ids=" ".join)
async def test_invalid_credentials_are_refused(
    application: MatrixApplication, callers: Callers, row: Row, fault: str
) -> None:
    expected = TABLE[row][fault]
    if isinstance(expected, NotPossible):
        assert expected.reason
        return
    call = _plain_call(callers, row)
    password = row[2] == "a password"
    faulty = _by_password(callers, call, fault) if password else _by_headers(callers, call, fault)
    if faulty.client != GUESSER:
        faulty = replace(faulty, client=_client_address(row, fault))
    response = await application.send(faulty)
    if isinstance(expected, NothingToRefuse):
        assert expected.reason
        assert response.is_success
    else:
        assert_refused(response, expected)
    assert application.recognized == []


def _plain_call(callers: Callers, row: Row) -> Call:
    return (
        managed_call(callers, *row[:2]) if row[1].startswith("/v1/") else plain_call(callers, *row)
    )


def assert_refused(response: httpx.Response, expected: Refusal) -> None:
    assert response.status_code == expected.status, response.text
    assert "x-subject-token" not in response.headers
    request = response.request
    if request.method == "HEAD":
        assert response.content == b""
    elif request.url.path.startswith("/v3"):
        error = response.json()["error"]
        assert (error["code"], error["message"]) == (expected.status, expected.message)
    else:
        body = response.json()
        assert (body["error_code"], body["error_msg"]) == (expected.code, expected.message)


def _by_headers(callers: Callers, call: Call, fault: str) -> Call:
    """Return the call with credentials that have this fault."""
    tokens, keys = callers.tokens, callers.keys
    if fault == "locked":
        callers.lock(call)
    elsewhere = call
    if "/ocr/" not in call.path and call.method == "POST":
        # The call requests a token for another caller's project.
        elsewhere = replace(
            call, body=call.body.replace(callers.home.encode(), UNKNOWN_PROJECT.encode())
        )
    faulty = {
        "none": call,
        "garbage": call.with_token("no.such.token"),
        "expired": replace(call.with_token(tokens["caller"]), after=timedelta(hours=24)),
        "revoked token": call.with_token(tokens["renewed"]),
        "other project": elsewhere.with_token(tokens["elsewhere"]),
        "no project": call.with_token(tokens["account"]),
        "disabled user": call.with_token(tokens["disabled"]),
        "disabled user's key": call.signed(keys["disabled"]),
        "disabled key": call.signed(keys["revoked"]),
        "wrong role": call.with_token(tokens["viewer"]),
        "wrong signature": call.signed(keys["caller"], "another secret"),
        "changed body": replace(call.signed(keys["caller"]), body=call.body + b" "),
        "changed query": replace(call.signed(keys["caller"]), query="name=another"),
        "replayed after the skew": replace(
            call.signed(keys["caller"]), after=timedelta(minutes=15, seconds=1)
        ),
        "locked": replace(call.signed(keys["caller"]), client=GUESSER),
    }
    return faulty[fault]


def _by_password(callers: Callers, call: Call, fault: str) -> Call:
    if fault == "locked":
        callers.lock(call)
    faulty = {
        "garbage": _sign_in(callers, "caller", "a wrong password"),
        "revoked token": _sign_in(callers, "renewed", FORMER_PASSWORD),
        "other project": _sign_in(callers, "caller", PASSWORD, project=UNKNOWN_PROJECT),
        "no project": _sign_in(callers, "caller", PASSWORD, scoped=False),
        "disabled user": _sign_in(callers, "disabled", PASSWORD),
        "wrong role": _sign_in(callers, "viewer", PASSWORD),
        "locked": replace(_sign_in(callers, "caller", PASSWORD), client=GUESSER),
    }
    return faulty[fault] if fault in faulty else _by_headers(callers, call, fault)


def _sign_in(
    callers: Callers, user: str, password: str, *, project: str = "", scoped: bool = True
) -> Call:
    named = {"name": user, "password": password}
    body = password_request(callers, named, project=project, scoped=scoped)
    return Call("POST", "/v3/auth/tokens", json.dumps(body).encode())


def _client_address(row: Row, fault: str) -> str:
    """Return an address for each cell, so that no cell locks out another."""
    return f"198.51.{[*TABLE].index(row)}.{FAULTS.index(fault)}"


METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "post", "PROPFIND")
SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": lambda path: path,
    "a slash at the end": lambda path: path + "/",
    "two slashes": lambda path: path.replace("/", "//", 2),
    "two slashes at the end": lambda path: path + "//",
    "an encoded slash": lambda path: "/%2F".join(path.rsplit("/", 1)),
    "an encoded slash in place of one": lambda path: "%2F".join(path.rsplit("/", 1)),
    "encoded letters": lambda path: path.replace("o", "%6f").replace("e", "%65"),
    "letters encoded twice": lambda path: path.replace("o", "%256f"),
    "capitals": lambda path: path.upper(),
    "a matrix parameter": lambda path: path + ";a=b",
    "a matrix parameter inside": lambda path: path.replace("/", ";a=b/").removeprefix(";a=b"),
    "a step to the side": lambda path: path.replace("/v", "/x/../v", 1),
    "a dot": lambda path: "/." + path,
    "an open route and back": lambda path: "/healthz/.." + path,
    "a zero": lambda path: path + "%00",
    "a line feed": lambda path: path + "%0a",
    "a suffix": lambda path: path + ".json",
    "a backslash": lambda path: path.replace("/", "%5c"),
}
TRICKS = (
    {"X-HTTP-Method-Override": "POST"},
    {"X-Original-URL": "/healthz", "X-Rewrite-URL": "/healthz", "X-Forwarded-Path": "/healthz"},
    {"X-Forwarded-For": "127.0.0.1", "X-Real-Ip": "127.0.0.1", "Forwarded": "for=127.0.0.1"},
    {"X-Forwarded-User": "admin", "X-User-Id": "admin", "Remote-User": "admin"},
    {"Authorization": "Bearer abc"},
    {"Authorization": "Basic YWRtaW46YWRtaW4="},
    {"Cookie": "X-Auth-Token=abc; session=1"},
)


MANAGED = {row for row in TABLE if row[1].startswith("/v1/")}
ONE_MANAGED = {row for row in MANAGED if row[1] == "/v1/users/{id}"}
"""One is enough: all of them authenticate in the same code."""


@pytest.mark.slow  # 864 calls
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("path", sorted({path for _, path, _ in {*TABLE} - MANAGED | ONE_MANAGED}))
async def test_path_spellings_and_methods_do_not_bypass_authentication(
    application: MatrixApplication, callers: Callers, path: str, spelling: str
) -> None:
    sent = "an image" if "ocr" in path else "a token"
    plain = plain_call(callers, "POST", path, sent)
    spelled = SPELLINGS[spelling](plain.path)
    ended = plain.with_token(callers.tokens["renewed"])
    for call in (*(replace(plain, method=method) for method in METHODS), ended):
        response = await application.send(replace(call, path=spelled))
        assert response.status_code in {401, 404}, (call.method, spelled, response.text)
        assert "x-subject-token" not in response.headers
        assert "allow" not in response.headers
    assert application.recognized == []


@pytest.mark.slow
@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: next(iter(trick.items()))[0])
@pytest.mark.parametrize("row", sorted({*TABLE} - MANAGED | ONE_MANAGED), ids=" ".join)
async def test_other_headers_and_queries_do_not_authenticate(
    application: MatrixApplication,
    callers: Callers,
    row: Row,
    trick: dict[str, str],
) -> None:
    token = callers.tokens["caller"]
    call = _plain_call(callers, row)
    tricked = replace(
        call,
        headers={**call.headers, **trick},
        query=f"X-Auth-Token={token}&x-auth-token={token}&token={token}",
        client=HERE,
    )
    response = await application.send(tricked)
    expected = TABLE[row]["none"]
    assert isinstance(expected, Refusal)
    assert_refused(response, expected)
    assert application.recognized == []


async def test_a_call_can_be_replayed_only_within_the_skew(
    application: MatrixApplication,
    callers: Callers,
) -> None:
    """SDK-HMAC-SHA256 allows this; TLS prevents it."""
    call = plain_call(callers, "POST", "/v2/{project_id}/ocr/web-image", "an image")
    signed = call.signed(callers.keys["caller"])
    for after in (timedelta(), timedelta(minutes=15), timedelta(minutes=-15)):
        assert (await application.send(replace(signed, after=after))).status_code == 200
    assert len(application.recognized) == 3
    for after in (timedelta(minutes=15, seconds=1), timedelta(minutes=-15, seconds=-1)):
        assert (await application.send(replace(signed, after=after))).status_code == 401
    assert len(application.recognized) == 3
