"""Test the administration of users, projects, keys and subscriptions."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import update

from tests.support.identity import CLIENT, PASSWORD, Clock, refused, signed
from web_image_ocr.database.tables import ProjectRow, UserRow
from web_image_ocr.identity import (
    Administration,
    FirstAccount,
    Identity,
    PasswordLogin,
    Reference,
    Role,
    Scope,
    Subscription,
    TokenGrant,
    User,
)
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

LogIn = Callable[..., TokenGrant]


@pytest.fixture
def accounts(identity: Identity, account: FirstAccount) -> Administration:
    assert account.created
    return identity.administration


def test_without_an_account_everything_says_so(identity: Identity) -> None:
    with refused(ErrorKind.RECORD_UNKNOWN) as caught:
        identity.administration.users()
    assert "admin init" in str(caught.value)
    with refused(ErrorKind.RECORD_UNKNOWN):
        identity.administration.create_project("x")


def test_a_user_from_birth_to_end(accounts: Administration, log_in: LogIn) -> None:
    made = accounts.create_user("bob", Role.CALLER, PASSWORD)
    assert made.password is None
    assert made.user.role is Role.CALLER
    assert [user.name for user in accounts.users()] == ["admin", "bob"]
    log_in(user="bob")
    assert not accounts.disable_user("bob").enabled
    assert accounts.enable_user(made.user.id).enabled
    assert accounts.delete_user("bob").id == made.user.id
    assert [user.name for user in accounts.users()] == ["admin"]
    with refused(ErrorKind.LOGIN_FAILED):
        log_in(user="bob")


def test_a_generated_password_is_returned_once(accounts: Administration, log_in: LogIn) -> None:
    made = accounts.create_user("bob")
    assert made.password is not None
    log_in(made.password, user="bob")
    changed = accounts.set_password("bob")
    assert changed.password not in {None, made.password}
    log_in(changed.password, user="bob")


@pytest.mark.parametrize("change", [Administration.disable_user, Administration.delete_user])
def test_the_last_administrator_stays(
    accounts: Administration, log_in: LogIn, change: Callable[[Administration, str], User]
) -> None:
    accounts.create_user("bob", Role.CALLER, PASSWORD)
    accounts.create_user("carol", Role.ADMINISTRATOR, PASSWORD)
    accounts.disable_user("carol")
    with refused(ErrorKind.RECORD_CONFLICT) as caught:
        change(accounts, "admin")
    assert "'admin' is the last administrator" in str(caught.value)
    log_in()
    change(accounts, "bob")
    change(accounts, "carol")


@pytest.mark.parametrize("change", [Administration.disable_user, Administration.delete_user])
def test_an_administrator_may_go_when_another_stays(
    accounts: Administration, change: Callable[[Administration, str], User]
) -> None:
    accounts.create_user("carol", Role.ADMINISTRATOR, PASSWORD)
    change(accounts, "admin")
    with refused(ErrorKind.RECORD_CONFLICT):
        change(accounts, "carol")


@pytest.mark.parametrize("password", ["", "short", 1025 * "x", "password1", "default-123"])
def test_an_unusable_password_is_refused(accounts: Administration, password: str) -> None:
    with refused(ErrorKind.IDENTITY_REQUEST_INVALID):
        accounts.create_user("bob", password=password)
    with refused(ErrorKind.IDENTITY_REQUEST_INVALID):
        accounts.set_password("admin", password)


@pytest.mark.parametrize("name", ["", " bob", "b\nob", "b\0ob", 65 * "b", 32 * "a", 32 * "A"])
def test_an_unusable_name_is_refused(accounts: Administration, name: str) -> None:
    with refused(ErrorKind.IDENTITY_REQUEST_INVALID):
        accounts.create_user(name)
    with refused(ErrorKind.IDENTITY_REQUEST_INVALID):
        accounts.create_project(name)


def test_names_are_unique_in_the_account(accounts: Administration) -> None:
    with refused(ErrorKind.RECORD_CONFLICT) as caught:
        accounts.create_user("admin")
    assert str(caught.value) == "user 'admin' exists already"
    with refused(ErrorKind.RECORD_CONFLICT):
        accounts.create_project("cn-north-4")


def test_what_does_not_exist_is_named(accounts: Administration) -> None:
    for change in (
        accounts.set_password,
        accounts.enable_user,
        accounts.disable_user,
        accounts.delete_user,
        accounts.delete_project,
        accounts.create_key,
        accounts.access_keys,
        accounts.enable_key,
        accounts.disable_key,
        accounts.delete_key,
        lambda name: accounts.enable(name, "web-image"),
        lambda name: accounts.disable(name, "web-image"),
    ):
        with refused(ErrorKind.RECORD_UNKNOWN) as caught:
            change("nobody")
        assert "'nobody'" in str(caught.value)


def test_projects(accounts: Administration) -> None:
    made = accounts.create_project("cn-east-3")
    assert [project.name for project in accounts.projects()] == ["cn-east-3", "cn-north-4"]
    accounts.enable(made.id, "web-image")
    accounts.delete_project("cn-east-3")
    assert [project.name for project in accounts.projects()] == ["cn-north-4"]
    assert [found.project_name for found in accounts.subscriptions()] == ["cn-north-4"]


def test_a_long_name_is_cut_in_the_error(accounts: Administration) -> None:
    for change in (accounts.create_user, accounts.delete_user, accounts.delete_key):
        with pytest.raises(ServiceError) as caught:
            change(30_000 * "b")
        assert f"'{80 * 'b'}'… (30000 characters)" in caught.value.detail
        assert len(caught.value.detail) < 200


class TestIdsAndNames:
    """An id never means what is named like it; such names are of stores from earlier versions."""

    @pytest.fixture
    def impostor(self, identity: Identity, accounts: Administration) -> str:
        """The id of a user and of a project that are gone, and are names of others now."""
        user = accounts.create_user("impostor").user.id
        project = accounts.create_project("impostor").id
        gone = "0123456789abcdef0123456789abcdef"
        with identity._database.writing() as session:
            session.execute(update(UserRow).where(UserRow.id == user).values(name=gone))
            session.execute(update(ProjectRow).where(ProjectRow.id == project).values(name=gone))
        return gone

    def test_what_looks_like_an_id_is_looked_up_as_an_id_only(
        self, accounts: Administration, impostor: str
    ) -> None:
        for question in (
            accounts.delete_user,
            accounts.create_key,
            accounts.access_keys,
            accounts.project,
            accounts.delete_project,
            lambda id_: accounts.enable(id_, "web-image"),
        ):
            with refused(ErrorKind.RECORD_UNKNOWN):
                question(impostor)

    def test_sign_ins_do_not_mix_them_up(
        self, identity: Identity, accounts: Administration, impostor: str
    ) -> None:
        by_name = next(user for user in accounts.users() if user.name == impostor)
        accounts.set_password(by_name.id, PASSWORD)
        domain = Reference(id=by_name.domain.id)
        login = PasswordLogin(user=Reference(name=impostor), domain=domain, password=PASSWORD)
        assert identity.sign_in.log_in(login, CLIENT).user.id == by_name.id
        for user, where in (
            (Reference(id=impostor), domain),
            (Reference(name=by_name.id), domain),
            (Reference(name=impostor), Reference(name=by_name.domain.id)),
        ):
            with refused(ErrorKind.LOGIN_FAILED):
                identity.sign_in.log_in(
                    PasswordLogin(user=user, domain=where, password=PASSWORD), CLIENT
                )

    def test_scopes_do_not_mix_them_up(
        self, identity: Identity, accounts: Administration, impostor: str, log_in: LogIn
    ) -> None:
        token = log_in().token
        named = next(project for project in accounts.projects() if project.name == impostor)
        scope = Scope(project=Reference(name=impostor))
        assert identity.sign_in.rescope(token, scope).project == named
        for reference in (Reference(id=impostor), Reference(name=named.id)):
            with refused(ErrorKind.LOGIN_FAILED):
                identity.sign_in.rescope(token, Scope(project=reference))

    def test_failures_at_an_account_named_like_an_id_do_not_count_for_the_account_of_that_id(
        self, accounts: Administration, identity: Identity
    ) -> None:
        domain_id = accounts.users()[0].domain.id
        for _ in range(5):
            where = Reference(name=domain_id)
            login = PasswordLogin(user=Reference(name="x"), domain=where, password="wrong")
            with refused(ErrorKind.LOGIN_FAILED):
                identity.sign_in.log_in(login, CLIENT)
        login = PasswordLogin(
            user=Reference(name="x"), domain=Reference(id=domain_id), password="wrong"
        )
        with refused(ErrorKind.LOGIN_FAILED):
            identity.sign_in.log_in(login, CLIENT)


def test_keys_show_no_secret_and_go_with_their_user(
    accounts: Administration, account: FirstAccount, clock: Clock
) -> None:
    accounts.create_user("bob", password=PASSWORD)
    clock.advance(1)
    made = accounts.create_key("bob")
    assert len(made.access) == 20
    assert len(made.secret) == 40
    assert [key.access for key in accounts.access_keys()] == [account.access_key, made.access]
    (shown,) = accounts.access_keys("bob")
    assert (shown.access, shown.user_name, shown.enabled) == (made.access, "bob", True)
    assert not hasattr(shown, "secret")
    accounts.delete_user("bob")
    assert [key.access for key in accounts.access_keys()] == [account.access_key]


def test_a_key_that_clients_have_already(
    identity: Identity, accounts: Administration, clock: Clock
) -> None:
    taken = accounts.import_key("admin", "AKEXAMPLE00000000001", "SK+/=_-")
    assert (taken.access, taken.user_name, taken.enabled) == ("AKEXAMPLE00000000001", "admin", True)
    call = signed("AKEXAMPLE00000000001", "SK+/=_-", clock())
    assert identity.signatures.authenticate(call, CLIENT).user.name == "admin"
    with refused(ErrorKind.RECORD_CONFLICT):
        accounts.import_key("admin", "AKEXAMPLE00000000001", "other")


@pytest.mark.parametrize(
    ("access", "secret"), [("", "s"), ("a b", "s"), (33 * "a", "s"), ("a", ""), ("a", "s s")]
)
def test_a_key_of_another_form_is_refused(
    accounts: Administration, access: str, secret: str
) -> None:
    with refused(ErrorKind.IDENTITY_REQUEST_INVALID) as caught:
        accounts.import_key("admin", access, secret)
    assert "s s" not in str(caught.value)


def test_enabling_twice_is_no_error(accounts: Administration, account: FirstAccount) -> None:
    expected = Subscription(
        project_id=str(account.project_id), project_name="cn-north-4", api="web-image"
    )
    assert accounts.enable("cn-north-4", "web-image") == expected
    assert accounts.subscriptions() == (expected,)
    accounts.disable("cn-north-4", "web-image")
    accounts.disable("cn-north-4", "web-image")
    assert accounts.subscriptions() == ()


@pytest.mark.parametrize("text", ["\0", "a\ud800b"])
def test_a_reference_holds_only_what_a_database_can_hold(text: str) -> None:
    with pytest.raises(ValueError, match="not a text"):
        Reference(name=text)


def test_a_reference_needs_something() -> None:
    with pytest.raises(ValueError, match="id or a name"):
        Reference(id="", name=None)
