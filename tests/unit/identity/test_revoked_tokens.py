"""Test the revocation of tokens: permissions, and the delay on other servers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import jwt
import pytest
from sqlalchemy import func, select

from tests.support.identity import CLIENT, PASSWORD, Clock, refused, signed
from web_image_ocr.database.tables import RevokedTokenRow
from web_image_ocr.identity import (
    FirstAccount,
    Identity,
    IdentityConfig,
    PasswordLogin,
    Reference,
    Role,
    Scope,
    TokenGrant,
)
from web_image_ocr.identity.tokens import MAX_ANCESTORS
from web_image_ocr.primitives.errors import ErrorKind

LogIn = Callable[..., TokenGrant]


@pytest.fixture
def second_server(
    log_in: LogIn, tmp_path: Path, clock: Clock, config: IdentityConfig
) -> Iterator[Identity]:
    assert log_in().token  # there is an account
    opened = Identity(config, tmp_path, clock=clock)
    yield opened
    opened.close()


def test_only_one_token_is_revoked(identity: Identity, log_in: LogIn) -> None:
    first, second = log_in(), log_in()
    assert first.token != second.token
    identity.revoked_tokens.revoke(first.token, first.token)
    with refused(ErrorKind.TOKEN_REVOKED):
        identity.authorizer.authenticate_token(first.token)
    with refused(ErrorKind.TOKEN_REVOKED):
        identity.sign_in.rescope(first.token, Scope())
    with refused(ErrorKind.SUBJECT_TOKEN_INVALID):
        identity.authorizer.inspect_token(second.token, first.token)
    identity.authorizer.authenticate_token(second.token)


def test_other_servers_know_when_they_have_forgotten(
    identity: Identity, second_server: Identity, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = log_in().token
    now = time.monotonic()
    monkeypatch.setattr(second_server._directory._caches.revoked, "_now", lambda: now)
    second_server.authorizer.authenticate_token(token)
    identity.revoked_tokens.revoke(token, token)
    now += 4.9
    second_server.authorizer.authenticate_token(token)
    now += 0.2
    with refused(ErrorKind.TOKEN_REVOKED):
        second_server.authorizer.authenticate_token(token)


def test_a_server_that_has_not_seen_the_token_knows_at_once(
    identity: Identity, second_server: Identity, log_in: LogIn
) -> None:
    token = log_in().token
    identity.revoked_tokens.revoke(token, token)
    with refused(ErrorKind.TOKEN_REVOKED):
        second_server.authorizer.authenticate_token(token)


def rescoped(identity: Identity, token: str, times: int = 1) -> str:
    for _ in range(times):
        token = identity.sign_in.rescope(token, Scope()).token
    return token


def test_what_was_rescoped_ends_with_it(
    identity: Identity, second_server: Identity, log_in: LogIn
) -> None:
    first = log_in().token
    child, sibling = rescoped(identity, first), rescoped(identity, first)
    grandchild = rescoped(identity, child)
    identity.revoked_tokens.revoke(child, child)
    for server in (identity, second_server):
        for token in (child, grandchild):
            with refused(ErrorKind.TOKEN_REVOKED):
                server.authorizer.authenticate_token(token)
        for token in (first, sibling):
            server.authorizer.authenticate_token(token)
    with refused(ErrorKind.TOKEN_REVOKED):
        identity.sign_in.rescope(grandchild, Scope())
    identity.revoked_tokens.revoke(first, first)
    with refused(ErrorKind.TOKEN_REVOKED):
        identity.authorizer.authenticate_token(sibling)


def test_other_servers_know_of_an_ancestor_within_five_seconds(
    identity: Identity, second_server: Identity, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = log_in().token
    child = rescoped(identity, token)
    now = time.monotonic()
    monkeypatch.setattr(second_server._directory._caches.revoked, "_now", lambda: now)
    second_server.authorizer.authenticate_token(child)
    identity.revoked_tokens.revoke(token, token)
    now += 5.1
    with refused(ErrorKind.TOKEN_REVOKED):
        second_server.authorizer.authenticate_token(child)


def test_a_token_without_ancestors_claim_stays_valid(identity: Identity, log_in: LogIn) -> None:
    token = log_in().token  # as issued before there was such a claim
    assert "ancestors" not in jwt.decode(token, options={"verify_signature": False})
    identity.authorizer.authenticate_token(rescoped(identity, token))


def test_ancestry_is_bounded(identity: Identity, log_in: LogIn) -> None:
    deepest = rescoped(identity, log_in().token, MAX_ANCESTORS)
    assert len(deepest) < 2400
    identity.authorizer.authenticate_token(deepest)
    with refused(ErrorKind.LOGIN_FAILED):
        identity.sign_in.rescope(deepest, Scope())


def test_temporary_keys_outlive_the_token(identity: Identity, log_in: LogIn, clock: Clock) -> None:
    token = log_in().token
    key = identity.temporary_keys.issue(rescoped(identity, token))
    identity.revoked_tokens.revoke(token, token)
    request = signed(key.access, key.secret, clock(), security_token=key.security_token)
    identity.signatures.authenticate(request, CLIENT)
    identity.administration.set_password("admin", "another password")
    with refused(ErrorKind.KEY_UNKNOWN):
        identity.signatures.authenticate(request, CLIENT)


def test_who_may_end_it(identity: Identity, log_in: LogIn) -> None:
    for role in (Role.CALLER, Role.VIEWER):
        identity.administration.create_user(role.value, role, PASSWORD)
    caller, viewer, admin = log_in(user="caller"), log_in(user="viewer"), log_in()
    with refused(ErrorKind.ROLE_FORBIDDEN):
        identity.revoked_tokens.revoke(viewer.token, caller.token)
    identity.authorizer.authenticate_token(caller.token)
    identity.revoked_tokens.revoke(admin.token, caller.token)
    with refused(ErrorKind.TOKEN_REVOKED):
        identity.authorizer.authenticate_token(caller.token)
    with refused(ErrorKind.SUBJECT_TOKEN_INVALID):
        identity.revoked_tokens.revoke(admin.token, "no token")
    with refused(ErrorKind.TOKEN_REVOKED):
        identity.revoked_tokens.revoke(caller.token, admin.token)


def test_a_token_of_a_deleted_project_can_be_revoked(
    identity: Identity, account: FirstAccount, log_in: LogIn
) -> None:
    token = log_in().token
    identity.administration.delete_project(str(account.project_id))
    identity.revoked_tokens.revoke(token, token)
    with refused(ErrorKind.TOKEN_REVOKED):
        identity.authorizer.authenticate_token(token)


def test_what_is_void_is_forgotten(identity: Identity, log_in: LogIn, clock: Clock) -> None:
    for hours in (0, 13, 13):
        clock.advance(hours * 3600)
        token = log_in().token
        identity.revoked_tokens.revoke(token, token)
    with identity._database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RevokedTokenRow)) == 2


class TestOwnPassword:
    def change(self, identity: Identity, token: str, current: str, new: str) -> None:
        identity.change_password(
            identity.authorizer.authenticate_token(token), current, new, CLIENT
        )

    def test_ends_all_tokens(self, identity: Identity, log_in: LogIn) -> None:
        first, second = log_in(), log_in()
        self.change(identity, first.token, PASSWORD, "another password")
        for grant in (first, second):
            with refused(ErrorKind.TOKEN_REVOKED):
                identity.authorizer.authenticate_token(grant.token)
        log_in("another password")

    @pytest.mark.parametrize("new", ["", "short", "with a \0 in it", "x" * 1025, "admin-default"])
    def test_an_unusable_one(self, identity: Identity, log_in: LogIn, new: str) -> None:
        grant = log_in()
        with refused(ErrorKind.IDENTITY_REQUEST_INVALID):
            self.change(identity, grant.token, PASSWORD, new)
        identity.authorizer.authenticate_token(grant.token)

    def test_guesses_lock_out(self, identity: Identity, log_in: LogIn) -> None:
        grant = log_in()
        for _ in range(5):
            with refused(ErrorKind.LOGIN_FAILED):
                self.change(identity, grant.token, "a guess of it", "another password")
        with refused(ErrorKind.LOGIN_LOCKED) as caught:
            self.change(identity, grant.token, PASSWORD, "another password")
        assert caught.value.retry_after
        with refused(ErrorKind.LOGIN_LOCKED):  # counted together with sign-ins
            log_in()

    def test_a_reset_meanwhile_wins(
        self, identity: Identity, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        grant = log_in()
        checked = identity.sign_in.verify_password

        def then_reset(login: PasswordLogin, client: str, *, may_write: bool) -> object:
            user = checked(login, client, may_write=may_write)
            identity.administration.set_password("admin", "reset by the operator")
            return user

        monkeypatch.setattr(identity.sign_in, "verify_password", then_reset)
        with refused(ErrorKind.LOGIN_FAILED):
            self.change(identity, grant.token, PASSWORD, "of who knew the old one")
        monkeypatch.undo()
        log_in("reset by the operator")


def test_a_login_by_id_needs_no_account(identity: Identity, account: FirstAccount) -> None:
    (admin,) = identity.administration.users()
    login = PasswordLogin(user=Reference(id=admin.id), domain=None, password=PASSWORD)
    assert account.created
    assert identity.sign_in.log_in(login, CLIENT).user.id == admin.id
