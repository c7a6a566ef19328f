"""Test the lockout after consecutive failures of one subject from one network."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from tests.support.identity import CLIENT, PASSWORD, Clock, refused, signed
from web_image_ocr.database.tables import FailureRow
from web_image_ocr.identity import FirstAccount, Identity, TokenGrant
from web_image_ocr.identity.brute_force import lockout
from web_image_ocr.identity.brute_force.lockout import Lockout
from web_image_ocr.primitives.audit import AuditContext
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

LogIn = Callable[..., TokenGrant]
WRONG = "wrong password"


def fail(log_in: LogIn, times: int, *, user: str = "admin", client: str = CLIENT) -> None:
    for _ in range(times):
        with refused(ErrorKind.LOGIN_FAILED):
            log_in(WRONG, user=user, client=client)


class TestPasswords:
    def test_the_fifth_failure_locks_for_fifteen_minutes(self, log_in: LogIn, clock: Clock) -> None:
        fail(log_in, 5)
        with refused(ErrorKind.LOGIN_LOCKED) as caught:
            log_in(PASSWORD)
        assert caught.value.retry_after == 900
        clock.advance(899)
        with refused(ErrorKind.LOGIN_LOCKED) as caught:
            log_in(PASSWORD)
        assert caught.value.retry_after == 1
        clock.advance(1)
        log_in(PASSWORD)

    def test_tries_while_locked_do_not_prolong_the_lock(self, log_in: LogIn, clock: Clock) -> None:
        fail(log_in, 5)
        clock.advance(600)
        with refused(ErrorKind.LOGIN_LOCKED):
            log_in(WRONG)
        clock.advance(300)
        log_in(PASSWORD)

    def test_a_success_resets_the_counter(self, log_in: LogIn) -> None:
        fail(log_in, 4)
        log_in(PASSWORD)
        fail(log_in, 4)
        log_in(PASSWORD)

    def test_old_failures_do_not_count(self, log_in: LogIn, clock: Clock) -> None:
        fail(log_in, 4)
        clock.advance(900)
        fail(log_in, 4)
        log_in(PASSWORD)

    def test_nobody_locks_out_others(self, identity: Identity, log_in: LogIn) -> None:
        fail(log_in, 5, client="198.51.100.7")
        log_in(PASSWORD)
        fail(log_in, 5)
        identity.administration.create_user("bob", password=PASSWORD)
        log_in(PASSWORD, user="bob")

    def test_users_who_do_not_exist_lock_all_the_same(self, log_in: LogIn) -> None:
        fail(log_in, 5, user="nobody")
        with refused(ErrorKind.LOGIN_LOCKED):
            log_in(WRONG, user="nobody")

    def test_a_burst_gets_hardly_more_tries_than_five(self, log_in: LogIn) -> None:
        kinds: list[ErrorKind] = []

        def guess() -> None:
            try:
                log_in(WRONG)
            except ServiceError as error:
                kinds.append(error.kind)

        threads = [threading.Thread(target=guess) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(kinds) == 20
        assert 5 <= kinds.count(ErrorKind.LOGIN_FAILED) <= 6
        assert set(kinds) == {ErrorKind.LOGIN_FAILED, ErrorKind.LOGIN_LOCKED}

    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", True),
            ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
            ("::ffff:192.0.2.1", "192.0.2.1", True),
            ("192.0.2.1", "192.0.2.2", False),
            ("", "testclient", False),
        ],
    )
    def test_what_counts_as_one_address(
        self, log_in: LogIn, one: str, other: str, same: bool
    ) -> None:
        fail(log_in, 5, client=one)
        if same:
            with refused(ErrorKind.LOGIN_LOCKED):
                log_in(PASSWORD, client=other)
        else:
            log_in(PASSWORD, client=other)


class TestKeys:
    def test_the_fifth_failure_locks_the_key_for_five_minutes(
        self, identity: Identity, account: FirstAccount, clock: Clock
    ) -> None:
        access, secret = str(account.access_key), str(account.secret_key)
        for _ in range(5):
            with refused(ErrorKind.SIGNATURE_INVALID):
                identity.signatures.authenticate(signed(access, "guess", clock()), CLIENT)
        with refused(ErrorKind.KEY_LOCKED) as caught:
            identity.signatures.authenticate(signed(access, secret, clock()), CLIENT)
        assert caught.value.retry_after == 300
        identity.signatures.authenticate(signed(access, secret, clock()), "198.51.100.7")
        clock.advance(300)
        identity.signatures.authenticate(signed(access, secret, clock()), CLIENT)

    def test_a_success_resets_the_counter(
        self, identity: Identity, account: FirstAccount, clock: Clock
    ) -> None:
        access = str(account.access_key)
        for secret in [*4 * ["guess"], str(account.secret_key), *4 * ["guess"]]:
            if secret == "guess":
                with refused(ErrorKind.SIGNATURE_INVALID):
                    identity.signatures.authenticate(signed(access, secret, clock()), CLIENT)
            else:
                identity.signatures.authenticate(signed(access, secret, clock()), CLIENT)
        identity.signatures.authenticate(signed(access, str(account.secret_key), clock()), CLIENT)

    def test_unknown_keys_leave_no_trace(
        self, identity: Identity, account: FirstAccount, clock: Clock
    ) -> None:
        assert account.created
        for number in range(10):
            with refused(ErrorKind.KEY_UNKNOWN):
                identity.signatures.authenticate(signed(f"AK{number}", "x", clock()), CLIENT)
        assert rows(identity) == 0


def _unavailable(*_: object) -> None:
    raise ServiceError(ErrorKind.DATABASE_UNAVAILABLE, "locked")


class TestUnfinishedBodies:
    """A signed request whose body never ends is a failed attempt with its key."""

    def test_the_fifth_in_a_row_locks_the_key_for_that_address(
        self, identity: Identity, account: FirstAccount, clock: Clock
    ) -> None:
        access, secret = str(account.access_key), str(account.secret_key)
        for _ in range(5):
            call = signed(access, secret, clock())
            assert identity.signatures.check_headers(call, CLIENT) == access
            clock.advance(10)
            identity.signatures.record_incomplete_body(access, CLIENT, 9)
        with refused(ErrorKind.KEY_LOCKED):
            identity.signatures.check_headers(signed(access, secret, clock()), CLIENT)
        identity.signatures.authenticate(signed(access, secret, clock()), "198.51.100.7")

    def test_those_under_way_together_count_once(
        self, identity: Identity, account: FirstAccount, clock: Clock
    ) -> None:
        access, secret = str(account.access_key), str(account.secret_key)
        for seconds in range(5, 25):  # one network failed under twenty uploads
            clock.advance(0.1)
            identity.signatures.record_incomplete_body(access, CLIENT, seconds)
        identity.signatures.authenticate(signed(access, secret, clock()), CLIENT)

    def test_each_that_counts_is_in_the_audit_trail(
        self,
        identity: Identity,
        account: FirstAccount,
        clock: Clock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        access = str(account.access_key)
        trail: list[tuple[str, str, object]] = []

        def record(_: AuditContext, event: str, outcome: str, **fields: object) -> None:
            trail.append((event, outcome, fields["target"]))

        monkeypatch.setattr(AuditContext, "record", record)
        once = [("signature_failed", "body_unfinished", access)]
        clock.advance(10)
        identity.signatures.record_incomplete_body(access, CLIENT, 9)
        identity.signatures.record_incomplete_body(
            access, CLIENT, 9
        )  # under way together with the first
        assert trail == once
        clock.advance(10)
        with monkeypatch.context() as patched:
            patched.setattr(Lockout, "_count", _unavailable)
            with refused(ErrorKind.DATABASE_UNAVAILABLE):
                identity.signatures.record_incomplete_body(access, CLIENT, 9)
        assert trail == once * 2  # it is owed

    def test_those_begun_before_a_lock_do_not_prolong_it(
        self, identity: Identity, account: FirstAccount, clock: Clock
    ) -> None:
        access, secret = str(account.access_key), str(account.secret_key)
        for _ in range(5):
            with refused(ErrorKind.SIGNATURE_INVALID):
                identity.signatures.authenticate(signed(access, "guess", clock()), CLIENT)
        clock.advance(60)
        identity.signatures.record_incomplete_body(access, CLIENT, 70)
        clock.advance(240)
        identity.signatures.authenticate(signed(access, secret, clock()), CLIENT)

    def test_a_success_resets_them(
        self, identity: Identity, account: FirstAccount, clock: Clock
    ) -> None:
        access, secret = str(account.access_key), str(account.secret_key)
        for _ in range(3):
            for _ in range(4):
                clock.advance(10)
                identity.signatures.record_incomplete_body(access, CLIENT, 9)
            identity.signatures.authenticate(signed(access, secret, clock()), CLIENT)


def test_void_rows_are_purged(identity: Identity, log_in: LogIn, clock: Clock) -> None:
    for number in range(20):
        fail(log_in, 1, client=f"192.0.2.{number}")
    assert rows(identity) == 20
    clock.advance(900)
    fail(log_in, 1)
    assert rows(identity) == 1


def test_counters_are_limited_and_the_first_to_be_void_goes(
    identity: Identity, log_in: LogIn, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lockout, "MAX_COUNTERS", 3)
    for number in range(3):
        fail(log_in, 5, client=f"192.0.2.{number}")
        clock.advance(1)
    fail(log_in, 1, client="192.0.2.3")
    assert rows(identity) == 3
    log_in(PASSWORD, client="192.0.2.0")
    for number in (1, 2):
        with refused(ErrorKind.LOGIN_LOCKED):
            log_in(PASSWORD, client=f"192.0.2.{number}")


def test_locks_outlive_counters_that_do_not_lock(
    identity: Identity, log_in: LogIn, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else failures with invented names from many networks would end the locks of others."""
    monkeypatch.setattr(lockout, "MAX_COUNTERS", 3)
    fail(log_in, 5)
    for number in range(10):
        clock.advance(1)
        fail(log_in, 1, user=f"invented{number}", client=f"198.51.100.{number}")
    assert rows(identity) == 3
    with refused(ErrorKind.LOGIN_LOCKED):
        log_in(PASSWORD)


class TestClockSetBack:
    """A wall clock that was an hour fast, or is set back by hand."""

    def test_no_lock_becomes_longer(self, log_in: LogIn, clock: Clock) -> None:
        fail(log_in, 5)
        clock.advance(-3600)
        with refused(ErrorKind.LOGIN_LOCKED) as caught:
            log_in(PASSWORD)
        assert caught.value.retry_after == 900
        clock.advance(900)
        log_in(PASSWORD)

    def test_no_lock_ends_early(self, log_in: LogIn, clock: Clock) -> None:
        fail(log_in, 5)
        clock.advance(-600)
        with refused(ErrorKind.LOGIN_LOCKED):
            log_in(PASSWORD)
        clock.advance(899)
        with refused(ErrorKind.LOGIN_LOCKED) as caught:
            log_in(PASSWORD)
        assert caught.value.retry_after == 1

    def test_failures_go_on_counting(self, log_in: LogIn, clock: Clock) -> None:
        fail(log_in, 4)
        clock.advance(-3600)
        fail(log_in, 1)
        with refused(ErrorKind.LOGIN_LOCKED) as caught:
            log_in(PASSWORD)
        assert caught.value.retry_after == 900

    def test_a_key_is_locked_no_longer_than_a_key(
        self, identity: Identity, account: FirstAccount, clock: Clock
    ) -> None:
        access, secret = str(account.access_key), str(account.secret_key)
        for _ in range(5):
            with refused(ErrorKind.SIGNATURE_INVALID):
                identity.signatures.authenticate(signed(access, "guess", clock()), CLIENT)
        clock.advance(-3600)
        with refused(ErrorKind.KEY_LOCKED) as caught:
            identity.signatures.authenticate(signed(access, secret, clock()), CLIENT)
        assert caught.value.retry_after == 300
        clock.advance(300)
        identity.signatures.authenticate(signed(access, secret, clock()), CLIENT)

    def test_a_database_that_cannot_be_written_is_asked_again(
        self,
        identity: Identity,
        log_in: LogIn,
        clock: Clock,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        fail(log_in, 5)
        clock.advance(-3600)

        def unavailable(**_: object) -> None:
            raise ServiceError(ErrorKind.DATABASE_UNAVAILABLE, "locked")

        with monkeypatch.context() as patched:
            patched.setattr(identity._database, "writing", unavailable)
            with refused(ErrorKind.LOGIN_LOCKED):
                log_in(PASSWORD)
        with refused(ErrorKind.LOGIN_LOCKED):
            log_in(PASSWORD)
        clock.advance(900)
        log_in(PASSWORD)


def rows(identity: Identity) -> int:
    with identity._database.reading() as session:
        return session.scalars(select(func.count()).select_from(FailureRow)).one()
