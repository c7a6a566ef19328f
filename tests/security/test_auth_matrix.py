"""Every route that needs a caller, and every way not to be one: the right answer, never 200.

The routes come from the application itself: a new one without a row fails here.
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

from tests.http.doubles import NoFetcher
from tests.security.callers import (
    FORMER_PASSWORD,
    GUESSER,
    HERE,
    PASSWORD,
    Call,
    Cast,
    Clock,
    cast,
    password_request,
    plain_call,
)
from tests.security.managed import managed_call, new_user_token
from tests.security.matrix import FAULTS, OPEN, TABLE, NothingToRefuse, NotPossible, Refusal
from tests.support.fake_recognizer import FakeRecognizer
from web_image_ocr.api import ApiConfig, Dependencies, create_app
from web_image_ocr.identity import Identity, IdentityConfig, Role, passwords

NOBODYS = "f" * 32
Row = tuple[str, str, str]


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Iterator[Cast]:
    with pytest.MonkeyPatch.context() as patch:
        # Hash in microseconds; the real cost is looked at in test_passwords.
        patch.setattr(passwords, "HASH_COST", argon2.profiles.CHEAPEST)
        config = IdentityConfig(max_keys_per_user=0)  # each call changes a key of its own
        identity = Identity(config, tmp_path_factory.mktemp("matrix"), clock=clock)
        yield cast(identity)
        identity.close()


class Stage:
    """The application before that cast.

    Attributes:
        app: the application.
        read: pictures that reached the recogniser.
    """

    def __init__(self, made: Cast, clock: Clock) -> None:
        recognizer = FakeRecognizer()
        dependencies = Dependencies(
            recognizer=recognizer, fetcher=NoFetcher(), identity=made.identity
        )
        self.app = create_app(dependencies, ApiConfig())
        self.read = recognizer.calls
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
def built(made: Cast, clock: Clock) -> Stage:
    return Stage(made, clock)


@pytest.fixture
def stage(built: Stage) -> Stage:
    built.read.clear()
    return built


def test_the_table_has_every_route_of_the_application(stage: Stage) -> None:
    routes = set()
    for found in iter_route_contexts(stage.app.routes):
        assert isinstance(found.original_route, Route), "the walk does not see what is behind it"
        routes |= {(method, found.path) for method in found.methods or ()}
    assert routes == {(method, path) for method, path, _ in TABLE} | OPEN


def test_the_table_has_every_cell() -> None:
    for row, cells in TABLE.items():
        assert set(cells) == set(FAULTS), row


@pytest.mark.parametrize("row", TABLE, ids=" ".join)
async def test_who_may_is_let_in(stage: Stage, made: Cast, row: Row) -> None:
    """So that what is refused below is refused for its fault."""
    call = _plain(made, row)
    if row[2] == "a password":
        good = [_sign_in(made, "caller", PASSWORD)]
    elif row[2] == "a new password":
        good = [call.with_token(new_user_token(made, Role.VIEWER))]
    elif row[2] == "as an administrator":
        good = [call.with_token(new_user_token(made, Role.ADMINISTRATOR))]
    else:
        good = [call.with_token(made.tokens["caller"])]
    if row[2] in {"a picture", "nothing"}:
        query = "" if row[1] == "/v1/usage" else "limit=1"  # which refuses what it does not know
        good.append(replace(call, query=query).signed(made.keys["caller"]))
    for each in good:
        assert (await stage.send(each)).is_success
    assert len(stage.read) == (2 if row[2] == "a picture" else 0)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("row", TABLE, ids=" ".join)
async def test_who_may_not_is_refused(stage: Stage, made: Cast, row: Row, fault: str) -> None:
    expected = TABLE[row][fault]
    if isinstance(expected, NotPossible):
        assert expected.reason
        return
    call = _plain(made, row)
    password = row[2] == "a password"
    faulty = _by_password(made, call, fault) if password else _by_headers(made, call, fault)
    if faulty.client != GUESSER:
        faulty = replace(faulty, client=_somewhere(row, fault))
    response = await stage.send(faulty)
    if isinstance(expected, NothingToRefuse):
        assert expected.reason
        assert response.is_success
    else:
        assert_refused(response, expected)
    assert stage.read == []


def _plain(made: Cast, row: Row) -> Call:
    return managed_call(made, *row[:2]) if row[1].startswith("/v1/") else plain_call(made, *row)


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


def _by_headers(made: Cast, call: Call, fault: str) -> Call:
    """The call with credentials that have this fault."""
    tokens, keys = made.tokens, made.keys
    if fault == "locked":
        made.lock(call)
    elsewhere = call
    if "/ocr/" not in call.path and call.method == "POST":
        # What is asked for is a token of a project that is not the caller's.
        elsewhere = replace(call, body=call.body.replace(made.home.encode(), NOBODYS.encode()))
    faulty = {
        "none": call,
        "garbage": call.with_token("no.such.token"),
        "expired": replace(call.with_token(tokens["caller"]), after=timedelta(hours=24)),
        "ended early": call.with_token(tokens["renewed"]),
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


def _by_password(made: Cast, call: Call, fault: str) -> Call:
    if fault == "locked":
        made.lock(call)
    faulty = {
        "garbage": _sign_in(made, "caller", "no password of anybody"),
        "ended early": _sign_in(made, "renewed", FORMER_PASSWORD),
        "other project": _sign_in(made, "caller", PASSWORD, project=NOBODYS),
        "no project": _sign_in(made, "caller", PASSWORD, scoped=False),
        "disabled user": _sign_in(made, "disabled", PASSWORD),
        "wrong role": _sign_in(made, "viewer", PASSWORD),
        "locked": replace(_sign_in(made, "caller", PASSWORD), client=GUESSER),
    }
    return faulty[fault] if fault in faulty else _by_headers(made, call, fault)


def _sign_in(
    made: Cast, user: str, password: str, *, project: str = "", scoped: bool = True
) -> Call:
    named = {"name": user, "password": password}
    body = password_request(made, named, project=project, scoped=scoped)
    return Call("POST", "/v3/auth/tokens", json.dumps(body).encode())


def _somewhere(row: Row, fault: str) -> str:
    """An address for each cell, so that none of them locks another out."""
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
"""All of them ask who is calling in the same few lines."""


@pytest.mark.slow  # 864 calls
@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("path", sorted({path for _, path, _ in {*TABLE} - MANAGED | ONE_MANAGED}))
async def test_no_other_spelling_and_no_other_method_gets_past(
    stage: Stage, made: Cast, path: str, spelling: str
) -> None:
    sent = "a picture" if "ocr" in path else "a token"
    plain = plain_call(made, "POST", path, sent)
    spelled = SPELLINGS[spelling](plain.path)
    ended = plain.with_token(made.tokens["renewed"])
    for call in (*(replace(plain, method=method) for method in METHODS), ended):
        response = await stage.send(replace(call, path=spelled))
        assert response.status_code in {401, 404}, (call.method, spelled, response.text)
        assert "x-subject-token" not in response.headers
        assert "allow" not in response.headers
    assert stage.read == []


@pytest.mark.slow
@pytest.mark.parametrize("trick", TRICKS, ids=lambda trick: next(iter(trick.items()))[0])
@pytest.mark.parametrize("row", sorted({*TABLE} - MANAGED | ONE_MANAGED), ids=" ".join)
async def test_no_other_header_and_no_query_makes_a_caller(
    stage: Stage,
    made: Cast,
    row: Row,
    trick: dict[str, str],
) -> None:
    token = made.tokens["caller"]
    call = _plain(made, row)
    tricked = replace(
        call,
        headers={**call.headers, **trick},
        query=f"X-Auth-Token={token}&x-auth-token={token}&token={token}",
        client=HERE,
    )
    response = await stage.send(tricked)
    expected = TABLE[row]["none"]
    assert isinstance(expected, Refusal)
    assert_refused(response, expected)
    assert stage.read == []


async def test_a_call_can_be_replayed_within_the_skew_only(
    stage: Stage,
    made: Cast,
) -> None:
    """What SDK-HMAC-SHA256 leaves open, and TLS closes."""
    call = plain_call(made, "POST", "/v2/{project_id}/ocr/web-image", "a picture")
    signed = call.signed(made.keys["caller"])
    for after in (timedelta(), timedelta(minutes=15), timedelta(minutes=-15)):
        assert (await stage.send(replace(signed, after=after))).status_code == 200
    assert len(stage.read) == 3
    for after in (timedelta(minutes=15, seconds=1), timedelta(minutes=-15, seconds=-1)):
        assert (await stage.send(replace(signed, after=after))).status_code == 401
    assert len(stage.read) == 3
