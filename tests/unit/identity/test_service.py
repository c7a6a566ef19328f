"""Test tokens, keys, projects and permissions through ``Identity``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.identity import (
    CLIENT,
    PASSWORD,
    Clock,
    add_administrator,
    refused,
    signed,
)
from web_image_ocr.database.tables import AccessKeyRow
from web_image_ocr.identity import (
    Credential,
    FirstAccount,
    Identity,
    IdentityConfig,
    PasswordLogin,
    Principal,
    Reference,
    Role,
    Scope,
    TokenGrant,
)
from web_image_ocr.identity.accounts.new_rows import new_domain, new_project
from web_image_ocr.primitives.errors import ErrorKind

LogIn = Callable[..., TokenGrant]
DOMAIN_SCOPE = Scope(domain=Reference(name="default"))


def foreign_project(identity: Identity, clock: Clock) -> str:
    """A project of another account; the command line makes only one account."""
    with identity._database.writing() as session:
        domain = new_domain("other", clock() + timedelta(seconds=1))
        session.add(domain)
        session.flush()
        project = new_project(domain.id, "cn-north-4", clock())
        session.add(project)
        return project.id


def key_of(account: FirstAccount) -> tuple[str, str]:
    assert account.access_key is not None
    assert account.secret_key is not None
    return account.access_key, account.secret_key


def project_of(account: FirstAccount) -> str:
    assert account.project_id is not None
    return account.project_id


class TestTokens:
    def test_a_project_token_opens_its_project(
        self, identity: Identity, account: FirstAccount, log_in: LogIn
    ) -> None:
        grant = log_in()
        assert grant.methods == ("password",)
        assert grant.project is not None
        assert grant.project.id == account.project_id
        principal = identity.authorizer.authenticate_token(grant.token)
        assert principal.user.name == "admin"
        assert principal.credential is Credential.TOKEN
        identity.authorizer.authorize(principal, project_of(account))

    def test_a_token_lives_24_hours_to_the_second(
        self, identity: Identity, log_in: LogIn, clock: Clock
    ) -> None:
        grant = log_in()
        assert grant.expires_at - grant.issued_at == timedelta(hours=24)
        assert grant.issued_at == datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
        clock.advance(86_399)
        identity.authorizer.authenticate_token(grant.token)
        clock.advance(1)
        with refused(ErrorKind.TOKEN_EXPIRED) as caught:
            identity.authorizer.authenticate_token(grant.token)
        assert caught.value.public == {"expires_at": datetime(2026, 1, 16, 9, 30, tzinfo=UTC)}

    def test_a_second_token_does_not_end_the_first(self, identity: Identity, log_in: LogIn) -> None:
        first, second = log_in(), log_in()
        identity.authorizer.authenticate_token(first.token)
        identity.authorizer.authenticate_token(second.token)

    def test_a_new_password_ends_tokens(self, identity: Identity, log_in: LogIn) -> None:
        grant = log_in()
        identity.administration.set_password("admin", "another password")
        with refused(ErrorKind.TOKEN_REVOKED):
            identity.authorizer.authenticate_token(grant.token)
        with refused(ErrorKind.LOGIN_FAILED):
            log_in()
        identity.authorizer.authenticate_token(log_in("another password").token)

    def test_disabling_ends_tokens_for_good(self, identity: Identity, log_in: LogIn) -> None:
        grant = log_in()
        add_administrator(identity)
        identity.administration.disable_user("admin")
        with refused(ErrorKind.TOKEN_REVOKED):
            identity.authorizer.authenticate_token(grant.token)
        with refused(ErrorKind.LOGIN_FAILED):
            log_in()
        identity.administration.enable_user("admin")
        with refused(ErrorKind.TOKEN_REVOKED):
            identity.authorizer.authenticate_token(grant.token)
        identity.authorizer.authenticate_token(log_in().token)

    def test_deleting_the_user_ends_tokens(self, identity: Identity, log_in: LogIn) -> None:
        grant = log_in()
        add_administrator(identity)
        identity.administration.delete_user("admin")
        with refused(ErrorKind.TOKEN_REVOKED):
            identity.authorizer.authenticate_token(grant.token)

    @pytest.mark.parametrize("scope", [DOMAIN_SCOPE, Scope()])
    def test_an_account_token_opens_no_project(
        self, identity: Identity, account: FirstAccount, log_in: LogIn, scope: Scope
    ) -> None:
        grant = log_in(scope=scope)
        assert grant.project is None
        with refused(ErrorKind.TOKEN_WITHOUT_PROJECT):
            identity.authorizer.authorize(
                identity.authorizer.authenticate_token(grant.token), project_of(account)
            )

    def test_the_project_wins_over_the_account(self, account: FirstAccount, log_in: LogIn) -> None:
        both = Scope(project=Reference(name="cn-north-4"), domain=Reference(name="default"))
        grant = log_in(scope=both)
        assert grant.project is not None
        assert grant.project.id == account.project_id

    @pytest.mark.parametrize(
        "scope",
        [
            Scope(project=Reference(name="nowhere")),
            Scope(project=Reference(id=32 * "0")),
            Scope(domain=Reference(name="other")),
            Scope(domain=Reference(id=32 * "0")),
        ],
    )
    def test_a_scope_that_is_not_the_users_is_refused(self, log_in: LogIn, scope: Scope) -> None:
        with refused(ErrorKind.LOGIN_FAILED):
            log_in(scope=scope)

    def test_the_scope_of_another_account_is_refused(
        self, identity: Identity, log_in: LogIn, clock: Clock, account: FirstAccount
    ) -> None:
        assert account.created
        foreign = foreign_project(identity, clock)
        with refused(ErrorKind.LOGIN_FAILED):
            log_in(scope=Scope(project=Reference(id=foreign)))

    def test_user_and_account_by_id(
        self, identity: Identity, log_in: LogIn, account: FirstAccount
    ) -> None:
        known = log_in().user
        login = PasswordLogin(user=Reference(id=known.id), domain=None, password=PASSWORD)
        assert identity.sign_in.log_in(login, CLIENT).user == known
        by_ids = PasswordLogin(
            user=Reference(name=account.user),
            domain=Reference(id=known.domain.id),
            password=PASSWORD,
        )
        assert identity.sign_in.log_in(by_ids, CLIENT).user == known

    def test_rescoping_keeps_the_end(
        self, identity: Identity, account: FirstAccount, log_in: LogIn, clock: Clock
    ) -> None:
        grant = log_in(scope=DOMAIN_SCOPE)
        clock.advance(3600)
        other = identity.sign_in.rescope(grant.token, Scope(project=Reference(name="cn-north-4")))
        assert other.expires_at == grant.expires_at
        assert other.methods == ("password", "token")
        identity.authorizer.authorize(
            identity.authorizer.authenticate_token(other.token), project_of(account)
        )


class TestInspection:
    def test_ones_own_token(self, identity: Identity, log_in: LogIn) -> None:
        grant = log_in()
        assert identity.authorizer.inspect_token(grant.token, grant.token) == grant

    def test_administrators_see_the_tokens_of_their_account(
        self, identity: Identity, log_in: LogIn
    ) -> None:
        identity.administration.create_user("bob", Role.CALLER, PASSWORD)
        mine, bobs = log_in(), log_in(user="bob")
        assert identity.authorizer.inspect_token(mine.token, bobs.token).user.name == "bob"
        with refused(ErrorKind.ROLE_FORBIDDEN):
            identity.authorizer.inspect_token(bobs.token, mine.token)

    def test_a_bad_subject_token(self, identity: Identity, log_in: LogIn, clock: Clock) -> None:
        old = log_in()
        clock.advance(3600)
        new = log_in()
        with refused(ErrorKind.SUBJECT_TOKEN_INVALID):
            identity.authorizer.inspect_token(new.token, "abc")
        clock.advance(86_400 - 3600)
        with refused(ErrorKind.SUBJECT_TOKEN_INVALID):
            identity.authorizer.inspect_token(new.token, old.token)
        with refused(ErrorKind.TOKEN_EXPIRED):
            identity.authorizer.inspect_token(old.token, new.token)

    def test_a_token_of_a_deleted_project(self, identity: Identity, log_in: LogIn) -> None:
        scoped, plain = log_in(), log_in(scope=DOMAIN_SCOPE)
        identity.administration.delete_project("cn-north-4")
        with refused(ErrorKind.SUBJECT_TOKEN_INVALID):
            identity.authorizer.inspect_token(plain.token, scoped.token)
        principal = identity.authorizer.authenticate_token(scoped.token)
        assert principal.project_id is not None
        with refused(ErrorKind.PROJECT_FORBIDDEN):
            identity.authorizer.authorize(principal, principal.project_id)


class TestSignatures:
    def test_a_key_opens_the_projects_of_its_account(
        self, identity: Identity, account: FirstAccount, clock: Clock
    ) -> None:
        principal = identity.signatures.authenticate(signed(*key_of(account), clock()), CLIENT)
        assert principal.user.name == "admin"
        assert principal.credential is Credential.KEY
        identity.authorizer.authorize(principal, project_of(account))

    @pytest.mark.parametrize("minutes", [-14, 14, -15, 15])
    def test_fifteen_minutes_either_way_are_accepted(
        self, identity: Identity, account: FirstAccount, clock: Clock, minutes: int
    ) -> None:
        when = clock() + timedelta(minutes=minutes)
        identity.signatures.authenticate(signed(*key_of(account), when), CLIENT)

    @pytest.mark.parametrize("seconds", [-960, 960, -901, 901])
    def test_more_is_not(
        self, identity: Identity, account: FirstAccount, clock: Clock, seconds: int
    ) -> None:
        when = clock() + timedelta(seconds=seconds)
        with refused(ErrorKind.SIGNATURE_EXPIRED):
            identity.signatures.authenticate(signed(*key_of(account), when), CLIENT)

    def test_a_wrong_secret(self, identity: Identity, account: FirstAccount, clock: Clock) -> None:
        access, _ = key_of(account)
        with refused(ErrorKind.SIGNATURE_INVALID):
            identity.signatures.authenticate(signed(access, "guess", clock()), CLIENT)

    def test_unknown_disabled_and_deleted_keys_are_alike(
        self, identity: Identity, account: FirstAccount, clock: Clock
    ) -> None:
        access, secret = key_of(account)
        call = signed(access, secret, clock())
        with refused(ErrorKind.KEY_UNKNOWN) as unknown:
            identity.signatures.authenticate(signed("NEVERWAS", secret, clock()), CLIENT)
        identity.administration.disable_key(access)
        with refused(ErrorKind.KEY_UNKNOWN) as disabled:
            identity.signatures.authenticate(call, CLIENT)
        identity.administration.enable_key(access)
        identity.signatures.authenticate(call, CLIENT)
        identity.administration.delete_key(access)
        with refused(ErrorKind.KEY_UNKNOWN) as deleted:
            identity.signatures.authenticate(call, CLIENT)
        assert str(unknown.value) == str(disabled.value) == str(deleted.value)

    def test_the_key_of_a_disabled_user(
        self, identity: Identity, account: FirstAccount, clock: Clock
    ) -> None:
        add_administrator(identity)
        identity.administration.disable_user("admin")
        with refused(ErrorKind.KEY_UNKNOWN):
            identity.signatures.authenticate(signed(*key_of(account), clock()), CLIENT)

    def test_a_secret_encrypted_for_another_key_is_not_decrypted(
        self, identity: Identity, account: FirstAccount, clock: Clock
    ) -> None:
        access, _ = key_of(account)
        other = identity.administration.create_key("admin")
        with identity._database.writing() as session:
            mine, others = (session.get(AccessKeyRow, key) for key in (access, other.access))
            assert mine is not None
            assert others is not None
            mine.encrypted_secret = others.encrypted_secret
        with refused(ErrorKind.DATABASE_UNAVAILABLE):
            identity.signatures.authenticate(signed(access, other.secret, clock()), CLIENT)


class TestTemporaryKeys:
    def test_it_works_until_it_ends(
        self, identity: Identity, account: FirstAccount, log_in: LogIn, clock: Clock
    ) -> None:
        key = identity.temporary_keys.issue(log_in().token)
        assert key.expires_at == datetime(2026, 1, 15, 9, 45, tzinfo=UTC)

        def call() -> Principal:
            request = signed(key.access, key.secret, clock(), security_token=key.security_token)
            return identity.signatures.authenticate(request, CLIENT)

        principal = call()
        assert principal.credential is Credential.TEMPORARY_KEY
        identity.authorizer.authorize(principal, project_of(account))
        clock.advance(899)
        call()
        clock.advance(1)
        with refused(ErrorKind.SIGNATURE_EXPIRED):
            call()

    @pytest.mark.parametrize("token", [None, "", "abc", "图"])
    def test_without_its_token_it_is_unknown(
        self, identity: Identity, log_in: LogIn, clock: Clock, token: str | None
    ) -> None:
        key = identity.temporary_keys.issue(log_in().token)
        request = signed(key.access, key.secret, clock(), security_token=token)
        with refused(ErrorKind.KEY_UNKNOWN):
            identity.signatures.authenticate(request, CLIENT)

    def test_the_token_of_another_key_does_not_help(
        self, identity: Identity, log_in: LogIn, clock: Clock
    ) -> None:
        token = log_in().token
        one, two = identity.temporary_keys.issue(token), identity.temporary_keys.issue(token)
        request = signed(one.access, one.secret, clock(), security_token=two.security_token)
        with refused(ErrorKind.KEY_UNKNOWN):
            identity.signatures.authenticate(request, CLIENT)

    def test_a_wrong_secret(self, identity: Identity, log_in: LogIn, clock: Clock) -> None:
        key = identity.temporary_keys.issue(log_in().token)
        request = signed(key.access, "guess", clock(), security_token=key.security_token)
        with refused(ErrorKind.SIGNATURE_INVALID):
            identity.signatures.authenticate(request, CLIENT)

    def test_it_ends_with_its_users_password(
        self, identity: Identity, log_in: LogIn, clock: Clock
    ) -> None:
        key = identity.temporary_keys.issue(log_in().token)
        identity.administration.set_password("admin")
        request = signed(key.access, key.secret, clock(), security_token=key.security_token)
        with refused(ErrorKind.KEY_UNKNOWN):
            identity.signatures.authenticate(request, CLIENT)

    @pytest.mark.parametrize("seconds", [-1, 0, 899, 86_401])
    def test_other_durations_are_refused(
        self, identity: Identity, log_in: LogIn, seconds: int
    ) -> None:
        with refused(ErrorKind.IDENTITY_REQUEST_INVALID):
            identity.temporary_keys.issue(log_in().token, seconds)


class TestAuthorization:
    def test_another_project_than_the_tokens(self, identity: Identity, log_in: LogIn) -> None:
        other = identity.administration.create_project("cn-east-3")
        identity.administration.enable("cn-east-3", "web-image")
        with refused(ErrorKind.PROJECT_FORBIDDEN):
            identity.authorizer.authorize(
                identity.authorizer.authenticate_token(log_in().token), other.id
            )

    def test_a_project_of_another_account_or_of_nobody(
        self, identity: Identity, account: FirstAccount, clock: Clock
    ) -> None:
        principal = identity.signatures.authenticate(signed(*key_of(account), clock()), CLIENT)
        for project_id in (foreign_project(identity, clock), 32 * "0", "{project_id}"):
            with refused(ErrorKind.PROJECT_FORBIDDEN):
                identity.authorizer.authorize(principal, project_id)

    def test_a_project_that_has_not_enabled_the_service(
        self, identity: Identity, account: FirstAccount, clock: Clock
    ) -> None:
        principal = identity.signatures.authenticate(signed(*key_of(account), clock()), CLIENT)
        project = identity.administration.create_project("cn-east-3")
        with refused(ErrorKind.NOT_SUBSCRIBED):
            identity.authorizer.authorize(principal, project.id)
        identity.administration.enable("cn-east-3", "web-image")
        identity.authorizer.authorize(principal, project.id)
        identity.administration.disable("cn-east-3", "web-image")
        with refused(ErrorKind.NOT_SUBSCRIBED):
            identity.authorizer.authorize(principal, project.id)

    @pytest.mark.parametrize("role", list(Role))
    def test_who_may_call(
        self, identity: Identity, account: FirstAccount, log_in: LogIn, role: Role
    ) -> None:
        identity.administration.create_user("bob", role, PASSWORD)
        principal = identity.authorizer.authenticate_token(log_in(user="bob").token)
        assert principal.user.role is role
        if role is Role.VIEWER:
            with refused(ErrorKind.ROLE_FORBIDDEN):
                identity.authorizer.authorize(principal, project_of(account))
        else:
            identity.authorizer.authorize(principal, project_of(account))

    def test_the_project_is_checked_before_role_and_subscription(
        self, identity: Identity, account: FirstAccount, log_in: LogIn
    ) -> None:
        identity.administration.create_user("bob", Role.VIEWER, PASSWORD)
        principal = identity.authorizer.authenticate_token(log_in(user="bob").token)
        identity.administration.disable(project_of(account), "web-image")
        with refused(ErrorKind.PROJECT_FORBIDDEN):
            identity.authorizer.authorize(principal, 32 * "0")
        with refused(ErrorKind.ROLE_FORBIDDEN):
            identity.authorizer.authorize(principal, project_of(account))


def test_projects_of_the_account_by_name(
    identity: Identity, account: FirstAccount, clock: Clock
) -> None:
    principal = identity.signatures.authenticate(signed(*key_of(account), clock()), CLIENT)
    foreign_project(identity, clock)
    identity.administration.create_project("cn-east-3")
    assert [found.name for found in identity.projects(principal)] == ["cn-east-3", "cn-north-4"]
    (found,) = identity.projects(principal, "cn-north-4")
    assert found.id == account.project_id
    for name in ("cn-north", "CN-NORTH-4", "", "cn-north-4\0"):
        assert identity.projects(principal, name) == ()


def test_another_server_notices_changes_within_the_cache_seconds(
    identity: Identity, log_in: LogIn, tmp_path: Path, clock: Clock, config: IdentityConfig
) -> None:
    token = log_in().token
    other = Identity(config, tmp_path, clock=clock)
    without = Identity(replace(config, cache_seconds=0), tmp_path, clock=clock)
    other.authorizer.authenticate_token(token)
    without.authorizer.authenticate_token(token)
    add_administrator(identity)
    identity.administration.disable_user("admin")
    other.authorizer.authenticate_token(token)
    with refused(ErrorKind.TOKEN_REVOKED):
        without.authorizer.authenticate_token(token)
    other.close()
    without.close()


def test_no_secret_in_any_repr(identity: Identity, account: FirstAccount, log_in: LogIn) -> None:
    grant = log_in()
    key = identity.temporary_keys.issue(grant.token)
    made = identity.administration.set_password("admin")
    login = PasswordLogin(user=Reference(id="x"), domain=None, password=PASSWORD)
    shown = repr((account, grant, key, made, login, identity.administration.create_key("admin")))
    for secret in (PASSWORD, account.secret_key, grant.token, key.secret, key.security_token):
        assert secret is not None
        assert secret not in shown
    assert "secret" not in shown
    assert "password" not in shown.replace("methods=('password',)", "")
