"""Test the sign-in budget of one network over all user names."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import argon2
import pytest
from sqlalchemy import event, func, select

from tests.support.identity import CLIENT, PASSWORD, refused
from web_image_ocr.database.tables import FailureRow
from web_image_ocr.identity import (
    Identity,
    IdentityConfig,
    Role,
    TokenGrant,
    passwords,
)
from web_image_ocr.identity.brute_force import sign_in_budget
from web_image_ocr.identity.brute_force.sign_in_budget import SignInBudget, TokenBuckets
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

LogIn = Callable[..., TokenGrant]
WRONG = "wrong password"
ELSEWHERE = "198.51.100.7"


@dataclass
class Seconds:
    """A steady clock that moves when told."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds(identity: Identity, config: IdentityConfig) -> Seconds:
    """The clock of the budget."""
    steady = Seconds()
    budget = SignInBudget(config, steady)
    identity.sign_in._budget = budget
    return steady


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The passwords that argon2 was asked about."""
    verify = argon2.PasswordHasher.verify
    asked: list[str] = []

    def watched(hasher: argon2.PasswordHasher, encoded: str, password: str) -> bool:
        asked.append(password)
        return verify(hasher, encoded, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", watched)
    return asked


def outcome(log_in: LogIn, password: str, **how: str) -> ErrorKind | None:
    try:
        log_in(password, **how)
    except ServiceError as error:
        return error.kind
    return None


@contextmanager
def statements(identity: Identity) -> Iterator[list[str]]:
    """Collect the statements that the database executes."""
    asked: list[str] = []

    def note(*arguments: object) -> None:
        asked.append(str(arguments[2]))

    engines = identity._database._readers, identity._database._writers
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    yield asked
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)


def rows(identity: Identity) -> int:
    with identity._database.reading() as session:
        return session.scalars(select(func.count()).select_from(FailureRow)).one()


class TestFailures:
    def test_invented_names_cost_few_hashes_and_few_rows(
        self, identity: Identity, log_in: LogIn, seconds: Seconds, hashed: list[str]
    ) -> None:
        kinds = [outcome(log_in, WRONG, user=f"invented{number}") for number in range(200)]
        assert kinds == 30 * [ErrorKind.LOGIN_FAILED] + 170 * [ErrorKind.LOGIN_LOCKED]
        assert len(hashed) == 30
        assert rows(identity) == 30
        assert seconds.now == 1000

    def test_a_burst_gets_no_more(self, log_in: LogIn, seconds: Seconds, hashed: list[str]) -> None:
        kinds: list[ErrorKind | None] = []

        def guess(number: int) -> None:
            kinds.append(outcome(log_in, WRONG, user=f"invented{number}"))

        threads = [threading.Thread(target=guess, args=(number,)) for number in range(60)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert kinds.count(ErrorKind.LOGIN_FAILED) == len(hashed) == 30
        assert kinds.count(ErrorKind.LOGIN_LOCKED) == 30
        assert seconds.now == 1000

    def test_one_password_tried_on_many_users_is_refused(
        self, identity: Identity, log_in: LogIn, seconds: Seconds
    ) -> None:
        """Password spraying: no user has failures enough for a lock."""
        identity.administration.create_user("last", Role.CALLER, "the sprayed one")
        users = [*(f"user{number}" for number in range(30)), "last"]
        kinds = [outcome(log_in, "the sprayed one", user=user) for user in users]
        assert kinds[-1] is ErrorKind.LOGIN_LOCKED
        assert seconds.now == 1000

    def test_others_sign_in_all_the_while(self, log_in: LogIn, seconds: Seconds) -> None:
        for number in range(40):
            outcome(log_in, WRONG, user=f"invented{number}")
            if number % 10 == 0:
                log_in(PASSWORD, client=ELSEWHERE)
        with refused(ErrorKind.LOGIN_LOCKED) as caught:
            log_in(PASSWORD)
        assert caught.value.retry_after == 30
        assert seconds.now == 1000

    def test_tries_come_back_one_by_one(self, log_in: LogIn, seconds: Seconds) -> None:
        for number in range(30):
            outcome(log_in, WRONG, user=f"invented{number}")
        seconds.now += 29
        with refused(ErrorKind.LOGIN_LOCKED) as caught:
            log_in(PASSWORD)
        assert caught.value.retry_after == pytest.approx(1)
        seconds.now += 1
        assert outcome(log_in, WRONG, user="invented") is ErrorKind.LOGIN_FAILED
        assert outcome(log_in, WRONG, user="invented") is ErrorKind.LOGIN_LOCKED
        seconds.now += 30
        log_in(PASSWORD)

    def test_a_success_uses_up_nothing_and_frees_nothing(
        self, log_in: LogIn, seconds: Seconds
    ) -> None:
        for number in range(29):
            assert outcome(log_in, WRONG, user=f"one{number}") is ErrorKind.LOGIN_FAILED
            log_in(PASSWORD)
        assert outcome(log_in, WRONG, user="last") is ErrorKind.LOGIN_FAILED
        assert outcome(log_in, PASSWORD) is ErrorKind.LOGIN_LOCKED
        assert seconds.now == 1000

    def test_tries_at_a_locked_user_use_up_nothing(self, log_in: LogIn, seconds: Seconds) -> None:
        for _ in range(50):
            outcome(log_in, WRONG, user="nobody")
        log_in(PASSWORD)
        assert seconds.now == 1000

    def test_addresses_of_one_network_share_it(self, log_in: LogIn, seconds: Seconds) -> None:
        for number in range(30):
            outcome(log_in, WRONG, user=f"invented{number}", client=f"2001:db8::{number:x}")
        assert outcome(log_in, PASSWORD, client="2001:db8::ffff") is ErrorKind.LOGIN_LOCKED
        log_in(PASSWORD, client="2001:db8:0:1::1")
        assert seconds.now == 1000

    def test_a_refused_try_asks_nobody(
        self, identity: Identity, log_in: LogIn, seconds: Seconds, hashed: list[str]
    ) -> None:
        for number in range(30):
            outcome(log_in, WRONG, user=f"invented{number}")
        hashed.clear()
        with statements(identity) as asked:
            assert outcome(log_in, PASSWORD) is ErrorKind.LOGIN_LOCKED
            with refused(ErrorKind.LOGIN_LOCKED):
                identity.sign_in.check_budget(CLIENT)
        assert not asked
        assert not hashed
        assert seconds.now == 1000

    def test_an_unavailable_database_is_not_a_failed_sign_in(
        self, identity: Identity, log_in: LogIn, seconds: Seconds, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unavailable(_: object) -> None:
            raise ServiceError(ErrorKind.DATABASE_UNAVAILABLE, "gone")

        with monkeypatch.context() as patched:
            patched.setattr(identity._directory, "find_login", unavailable)
            kinds = {outcome(log_in, PASSWORD) for _ in range(100)}
        assert kinds == {ErrorKind.DATABASE_UNAVAILABLE}
        log_in(PASSWORD)
        assert seconds.now == 1000


class TestHashes:
    def test_right_passwords_are_limited_too(
        self, identity: Identity, log_in: LogIn, seconds: Seconds, hashed: list[str]
    ) -> None:
        kinds = [outcome(log_in, PASSWORD) for _ in range(100)]
        assert kinds == 60 * [None] + 40 * [ErrorKind.RATE_LIMITED]
        assert len(hashed) == 60
        with refused(ErrorKind.RATE_LIMITED) as caught:
            identity.sign_in.check_budget(CLIENT)
        assert caught.value.retry_after == 1
        assert caught.value.public == {"limit": "60", "time": "1 minute"}
        log_in(PASSWORD, client=ELSEWHERE)
        seconds.now += 1
        log_in(PASSWORD)

    def test_so_is_a_change_of_the_password(
        self, identity: Identity, log_in: LogIn, seconds: Seconds
    ) -> None:
        principal = identity.authorizer.authenticate_token(log_in(PASSWORD).token)
        for _ in range(59):
            log_in(PASSWORD)
        with refused(ErrorKind.RATE_LIMITED):
            identity.change_password(principal, PASSWORD, "another horse battery", CLIENT)
        assert seconds.now == 1000

    def test_a_new_password_is_checked_only_after_the_current_one(
        self, identity: Identity, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        principal = identity.authorizer.authenticate_token(log_in(PASSWORD).token)
        judged: list[str] = []
        monkeypatch.setattr(
            passwords, "check_strength", lambda password, _names: judged.append(password)
        )
        for _ in range(5):
            with refused(ErrorKind.LOGIN_FAILED):
                identity.change_password(principal, "wrong", "12345678", CLIENT)
        with refused(ErrorKind.LOGIN_LOCKED):
            identity.change_password(principal, PASSWORD, "12345678", CLIENT)
        assert judged == []
        identity.change_password(principal, PASSWORD, "12345678", ELSEWHERE)
        assert judged == ["12345678"]


def test_both_can_be_switched_off() -> None:
    budget = SignInBudget(IdentityConfig(failures_per_network=0, sign_ins_per_minute=0))
    for _ in range(1000):
        with budget.attempt(CLIENT) as attempt:
            attempt.hashed = attempt.failed = True
    budget.check(CLIENT)


def test_buckets_are_limited_and_the_fullest_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in_budget, "MAX_NETWORKS", 3)
    seconds = Seconds()
    buckets = TokenBuckets(1, 60, seconds)
    for network in ("a", "b", "c"):
        assert buckets.take(network) == 0
        seconds.now += 1
    assert buckets.take("d") == 0
    assert len(buckets._buckets) == 3
    assert buckets.wait("a") == 0
    assert [buckets.wait(network) for network in "bcd"] == [pytest.approx(n) for n in (58, 59, 60)]
