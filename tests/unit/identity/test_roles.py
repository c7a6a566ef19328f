"""Test roles: an administrator always remains, also after concurrent changes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.identity import CLIENT, PASSWORD, Clock, add_administrator, refused, signed
from web_image_ocr.identity import (
    ALL_USERS,
    Credential,
    FirstAccount,
    Identity,
    IdentityConfig,
    Principal,
    Role,
    TokenGrant,
)
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

LogIn = Callable[..., TokenGrant]


def test_the_role_comes_from_the_database(identity: Identity, log_in: LogIn) -> None:
    add_administrator(identity)
    token = log_in(user="second").token
    identity.administration_for(identity.authorizer.authenticate_token(token))
    changed = identity.administration.change_user("second", role=Role.VIEWER)
    assert changed.role is Role.VIEWER
    principal = identity.authorizer.authenticate_token(token)
    assert principal.user.role is Role.VIEWER
    with refused(ErrorKind.ROLE_FORBIDDEN):
        identity.administration_for(principal)


def test_both_at_once(identity: Identity, log_in: LogIn) -> None:
    add_administrator(identity)
    identity.administration.disable_user("second")
    back = identity.administration.change_user("second", role=Role.CALLER, enabled=True)
    assert (back.role, back.enabled) == (Role.CALLER, True)
    nothing = identity.administration.change_user("second")
    assert nothing == back
    log_in(user="second")


@pytest.mark.parametrize(
    "change",
    [{"role": Role.CALLER}, {"role": Role.VIEWER, "enabled": True}, {"enabled": False}],
)
def test_the_last_administrator_stays_one(
    identity: Identity, account: FirstAccount, change: dict[str, object]
) -> None:
    assert account.created
    with refused(ErrorKind.RECORD_CONFLICT):
        identity.administration.change_user("admin", **change)  # type: ignore[arg-type]
    same = identity.administration.change_user("admin", role=Role.ADMINISTRATOR, enabled=True)
    assert (same.role, same.enabled) == (Role.ADMINISTRATOR, True)


def test_two_who_demote_each_other(
    identity: Identity, account: FirstAccount, database_url: str, tmp_path: Path, clock: Clock
) -> None:
    """Two servers, ten times: one of them succeeds, and one administrator is left."""
    assert account.created
    add_administrator(identity)
    patient = IdentityConfig(store_wait_seconds=30, database_url=database_url)
    servers = {user: Identity(patient, tmp_path, clock=clock) for user in ("admin", "second")}
    for _ in range(10):
        barrier = threading.Barrier(2)
        outcomes: dict[str, ErrorKind | None] = {}

        def demote(user: str, barrier: threading.Barrier, outcomes: dict[str, object]) -> None:
            barrier.wait()
            try:
                servers[user].administration.change_user(user, role=Role.CALLER)
                outcomes[user] = None
            except ServiceError as error:
                outcomes[user] = error.kind

        threads = [
            threading.Thread(target=demote, args=(user, barrier, outcomes)) for user in servers
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(map(str, outcomes.values())) == ["None", "record_conflict"]
        roles = [user.role for user in identity.administration.users()]
        assert roles.count(Role.ADMINISTRATOR) == 1
        for user in servers:
            identity.administration.change_user(user, role=Role.ADMINISTRATOR)
    for server in servers.values():
        server.close()


class TestOwnKeys:
    @pytest.fixture
    def caller(self, identity: Identity, account: FirstAccount) -> Principal:
        assert account.created
        made = identity.administration.create_user("bob", Role.CALLER, PASSWORD)
        return Principal(user=made.user, credential=Credential.TOKEN)

    def test_those_of_others_do_not_exist(
        self, identity: Identity, account: FirstAccount, caller: Principal
    ) -> None:
        mine = identity.self_service(caller)
        made = mine.create_key()
        (shown,) = mine.keys()
        assert (shown.access, shown.created_at) == (made.access, made.created_at)
        assert made.user_name == shown.user_name == "bob"
        theirs = str(account.access_key)
        with refused(ErrorKind.RECORD_UNKNOWN):
            mine.switch_key(theirs, enabled=False)
        for access in (theirs, "nothing"):
            with refused(ErrorKind.RECORD_UNKNOWN):
                mine.delete_key(access)
        for owner in (ALL_USERS, identity.administration.users()[0].id):
            with refused(ErrorKind.ROLE_FORBIDDEN):
                mine.keys(owner)
        assert not mine.switch_key(made.access, enabled=False).enabled
        assert mine.switch_key(made.access, enabled=True).enabled
        assert mine.delete_key(made.access).access == made.access

    def test_a_temporary_key_makes_no_lasting_one(
        self, identity: Identity, log_in: LogIn, clock: Clock
    ) -> None:
        key = identity.temporary_keys.issue(log_in().token)
        request = signed(key.access, key.secret, clock(), security_token=key.security_token)
        principal = identity.signatures.authenticate(request, CLIENT)
        mine = identity.self_service(principal)
        (first,) = mine.keys()
        with refused(ErrorKind.ROLE_FORBIDDEN):
            mine.create_key()
        with refused(ErrorKind.ROLE_FORBIDDEN):
            mine.switch_key(first.access, enabled=False)
        with refused(ErrorKind.ROLE_FORBIDDEN):
            mine.delete_key(first.access)
        with refused(ErrorKind.ROLE_FORBIDDEN):
            identity.administration_for(principal)
        with refused(ErrorKind.ROLE_FORBIDDEN):
            identity.change_password(principal, PASSWORD, "another password", CLIENT)

    def test_its_last_use_is_noted(
        self, identity: Identity, account: FirstAccount, clock: Clock
    ) -> None:
        access, secret = str(account.access_key), str(account.secret_key)
        for minutes in (0, 5):
            clock.advance(60 * minutes)
            identity.signatures.authenticate(signed(access, secret, clock()), CLIENT)
            with refused(ErrorKind.SIGNATURE_INVALID):
                identity.signatures.authenticate(signed(access, "wrong", clock()), CLIENT)
            assert identity.recorder.flush()
            (key,) = identity.administration.access_keys()
            assert key.last_used_at == clock()
