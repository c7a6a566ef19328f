"""Share a PostgreSQL and a Redis between two servers: shared state, loss of one server."""

from __future__ import annotations

import itertools
import signal
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.support.backing_services import running_postgres, running_redis
from tests.support.servers import admin
from tests.system.server_pair import (
    CACHE_SECONDS,
    NO_IMAGE,
    RATE,
    Load,
    Project,
    ServerPair,
    code_of,
    is_read,
    under_load,
    wait_for,
)
from web_image_ocr.identity import PasswordLogin, Reference, Role, Scope

pytestmark = [pytest.mark.server, pytest.mark.models]

BOTH = (0, 1)
PASSWORD = "correct horse battery"
ENDED = (401, "APIG.0307")
KEY_UNKNOWN = (401, "APIG.0301")
NOT_ENABLED = (400, "ModelArts.4204")
NO_STORE = (503, "APIG.0201")
GOOD_BUT_EMPTY = (400, "AIS.0101")
LOST = "rate limits are not shared"
FOUND = "rate limits are shared again"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerPair]:
    folder = tmp_path_factory.mktemp("shared")
    with (
        running_postgres() as postgres,
        running_redis() as redis,
        ServerPair(folder, postgres, redis) as pair,
    ):
        yield pair


@pytest.fixture
def pair(started: ServerPair) -> ServerPair:
    """Return both servers, running."""
    started.revive()
    return started


def test_tokens_and_keys_of_one_are_valid_at_the_other(pair: ServerPair) -> None:
    path = f"/v2/{pair.account.project_id}/ocr/web-image"
    for issuing, asked in itertools.product(BOTH, BOTH):
        token = pair.sign_in(issuing).headers["x-subject-token"]
        assert is_read(pair.read(asked, path, {"X-Auth-Token": token}))
    key = admin(pair.folder, "key", "create", pair.account.user, **pair.environment)
    for server in BOTH:
        answer = pair.signed(server, path, key["access_key"], key["secret_key"])
        assert code_of(answer) == GOOD_BUT_EMPTY


def test_what_one_refuses_the_other_refuses_soon(pair: ServerPair) -> None:
    changing = pair.identity.administration
    project = pair.project("closed")
    for name in ("disabled", "renewed"):
        changing.create_user(name, Role.CALLER, PASSWORD)
    key = changing.create_key("renewed")
    tokens = {name: _token_of(pair, name, project) for name in ("disabled", "renewed")}

    def asked(server: int) -> list[tuple[int, str]]:
        """Call as a user, another user and with a key; and as the administrator for a project."""
        answers = [
            pair.clients[server].post(project.path, headers=headers, json=NO_IMAGE)
            for headers in (
                *({"X-Auth-Token": token} for token in tokens.values()),
                project.headers,
            )
        ]
        answers.insert(2, pair.signed(server, project.path, key.access, key.secret))
        return [code_of(answer) for answer in answers]

    for server in BOTH:
        assert asked(server) == [GOOD_BUT_EMPTY] * 4
    changing.disable_user("disabled")
    changing.set_password("renewed", PASSWORD + "!")
    changing.disable_key(key.access)
    changing.disable(project.name, "web-image")
    refused = [ENDED, ENDED, KEY_UNKNOWN, NOT_ENABLED]
    for server in BOTH:
        wait_for(lambda server=server: asked(server) == refused, CACHE_SECONDS + 1)
    time.sleep(CACHE_SECONDS / 2)
    for server in BOTH:
        assert asked(server) == refused
    changing.enable(project.name, "web-image")
    for server in BOTH:  # missing records are not cached
        assert asked(server) == [*refused[:3], GOOD_BUT_EMPTY]


def test_the_rate_limit_is_shared(pair: ServerPair) -> None:
    let_in = _accepted(pair, pair.project("counted"), BOTH, images=10)
    assert [server.records(LOST) for server in pair.servers] == [[], []]
    assert let_in == RATE


def test_password_guessing_is_locked_out_at_both(pair: ServerPair) -> None:
    for name in ("guessed", "left-alone"):
        pair.identity.administration.create_user(name, Role.CALLER, PASSWORD)
    for server in (0, 1, 0, 1, 0):
        answer = pair.sign_in(server, user="guessed", password="a guess")
        assert answer.status_code == 401
        assert "retry-after" not in answer.headers
    for server in BOTH:
        answer = pair.sign_in(server, user="guessed", password=PASSWORD)
        assert answer.json()["error"]["message"] == "The account is locked."
        assert 800 < int(answer.headers["retry-after"]) <= 900
        assert pair.sign_in(server, user="left-alone", password=PASSWORD).status_code == 201


def test_postgresql_stopped_and_started_again(pair: ServerPair) -> None:
    known, never_seen = pair.project("known"), pair.project("never-seen")
    key = pair.identity.administration.without_quotas().create_key(pair.account.user)
    pair.identity.administration.create_user("gone", Role.CALLER, PASSWORD)
    gone = _token_of(pair, "gone", known)
    pair.identity.administration.disable_user("gone")
    for server in BOTH:
        assert code_of(pair.clients[server].post(known.path, headers=known.headers, json={})) == (
            GOOD_BUT_EMPTY
        )
    pair.postgres.end(signal.SIGINT)
    stopped = time.monotonic()

    def answers(server: int) -> dict[str, tuple[int, str]]:
        def call(project: Project, token: str) -> tuple[int, str]:
            headers = {"X-Auth-Token": token}
            return code_of(pair.clients[server].post(project.path, headers=headers, json={}))

        return {
            "signed": code_of(pair.signed(server, known.path, key.access, key.secret)),
            "never seen": call(never_seen, never_seen.token),
            "gone": call(known, gone),
            "garbage": call(known, "garbage"),
            "signing in": (pair.sign_in(server).status_code, ""),
            "known": call(known, known.token),
        }

    lost = {
        "signed": NO_STORE,
        "never seen": NO_STORE,
        "gone": NO_STORE,
        "garbage": KEY_UNKNOWN,
        "signing in": (503, ""),
        "known": NO_STORE,
    }
    while time.monotonic() < stopped + CACHE_SECONDS:
        for server in BOTH:
            said = answers(server)
            assert said.pop("known") in {GOOD_BUT_EMPTY, NO_STORE}
            assert said == {name: code for name, code in lost.items() if name != "known"}
    for server in BOTH:
        assert answers(server) == lost
        assert pair.clients[server].get("/readyz").status_code == 503
        assert pair.clients[server].get("/healthz").status_code == 200
    pair.postgres.start()
    found = dict.fromkeys(("signed", "never seen", "known"), GOOD_BUT_EMPTY)
    for server in BOTH:
        assert answers(server) == {
            **found,
            "gone": ENDED,
            "garbage": KEY_UNKNOWN,
            "signing in": (201, ""),
        }


def test_redis_killed_and_started_again_under_load(pair: ServerPair) -> None:
    projects = (pair.project("load-a"), pair.project("load-b"))
    before = [len(server.records(LOST)) for server in pair.servers]
    with under_load(pair, projects) as loads:
        pair.redis.end()
        wait_for(lambda: all(server.records(LOST) for server in pair.servers))
        # There is never no limit: each server falls back to its own.
        assert _accepted(pair, pair.project("alone"), (0,), images=0) == RATE
        pair.redis.start()
        wait_for(lambda: all(server.records(FOUND) for server in pair.servers))
    assert _accepted(pair, pair.project("together"), BOTH, images=0) == RATE
    for load in loads:
        _assert_all_read(load)
        assert load.lost == 0
    assert [len(server.records(LOST)) for server in pair.servers] == [n + 1 for n in before]
    assert [len(server.records(FOUND)) for server in pair.servers] == [n + 1 for n in before]


@pytest.mark.parametrize("victim", BOTH)
def test_either_may_be_killed_under_load(pair: ServerPair, victim: int) -> None:
    projects = (pair.project(f"kill-{victim}-a"), pair.project(f"kill-{victim}-b"))
    with under_load(pair, projects) as loads:
        pair.servers[victim].process.kill()
        pair.servers[victim].process.wait()
        survivor = loads[1 - victim]
        after = len(survivor.answers)
        wait_for(lambda: len(survivor.answers) >= after + 10)
        assert pair.sign_in(1 - victim).status_code == 201
    for load in loads:
        _assert_all_read(load)
    assert survivor.lost == 0
    assert loads[victim].lost > 0


def _token_of(pair: ServerPair, user: str, project: Project) -> str:
    login = PasswordLogin(
        user=Reference(name=user),
        domain=Reference(name=pair.account.domain),
        password=PASSWORD,
        scope=Scope(project=Reference(id=project.id)),
    )
    return pair.identity.sign_in.log_in(login, "127.0.0.1").token


def _accepted(pair: ServerPair, project: Project, servers: tuple[int, ...], *, images: int) -> int:
    """Send more calls than the rate allows to the servers in turn; return how many succeed."""

    def call(number: int) -> httpx.Response:
        server = servers[number % len(servers)]
        if number < images:
            return pair.read(server, project.path, project.headers)
        return pair.clients[server].post(project.path, headers=project.headers, json=NO_IMAGE)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(call, range(RATE + 40)))
    assert all(is_read(answer) for answer in answers[:images])
    refused = [answer for answer in answers if answer.status_code == 429]
    for answer in refused:
        assert code_of(answer) == (429, "APIG.0308")
        assert 1 <= int(answer.headers["retry-after"]) <= 60
    others = Counter(code_of(answer) for answer in answers[images:] if answer not in refused)
    assert set(others) == {GOOD_BUT_EMPTY}
    return images + others.total()


def _assert_all_read(load: Load) -> None:
    wrong = [answer.text for answer in load.answers if not is_read(answer)]
    assert wrong == []
    assert load.slowest_s < 5
