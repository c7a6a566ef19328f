"""Test that failed sign-ins do not reveal users: same error, same work, same lock."""

from __future__ import annotations

from collections.abc import Iterator

import argon2
import pytest
from sqlalchemy import event

from tests.support.identity import CLIENT, PASSWORD, add_administrator, refused
from web_image_ocr.identity import (
    FirstAccount,
    Identity,
    PasswordLogin,
    Reference,
    Role,
    Scope,
    TokenGrant,
    User,
)
from web_image_ocr.primitives.errors import ErrorKind

Work = list[str]
WRONG = "wrong password"


@pytest.fixture
def work(identity: Identity, monkeypatch: pytest.MonkeyPatch) -> Iterator[Work]:
    """Collect the statements and the argon2 calls, in order."""
    done: Work = []
    verify = argon2.PasswordHasher.verify

    def watched(hasher: argon2.PasswordHasher, encoded: str, password: str) -> bool:
        done.append(f"argon2 {argon2.extract_parameters(encoded)}")
        return verify(hasher, encoded, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", watched)
    engines = identity._database._readers, identity._database._writers

    def asked(*arguments: object) -> None:
        done.append(str(arguments[2]))

    for engine in engines:
        event.listen(engine, "before_cursor_execute", asked)
    yield done
    for engine in engines:
        event.remove(engine, "before_cursor_execute", asked)


@pytest.fixture
def user(identity: Identity, account: FirstAccount) -> User:
    """Somebody who exists, beside the administrator."""
    assert account.created
    return identity.administration.create_user("anna", Role.CALLER, PASSWORD).user


def sign_in(
    identity: Identity,
    name: str,
    password: str = WRONG,
    *,
    domain: str = "default",
    client: str = CLIENT,
) -> TokenGrant:
    login = PasswordLogin(
        user=Reference(name=name),
        domain=Reference(name=domain),
        password=password,
        scope=Scope(domain=Reference(name=domain)),
    )
    return identity.sign_in.log_in(login, client)


def test_whatever_is_wrong_the_words_and_the_work_are_the_same(
    identity: Identity, user: User, work: Work
) -> None:
    identity.administration.create_user("off", Role.CALLER, PASSWORD)
    identity.administration.disable_user("off")
    tries = {
        "wrong password": ("anna", WRONG, "default"),
        "unknown user": ("nobody", WRONG, "default"),
        "unknown account": ("anna", WRONG, "nowhere"),
        "disabled user": ("off", WRONG, "default"),
        "disabled user, right password": ("off", PASSWORD, "default"),
    }
    seen = {}
    for number, (what, (name, password, domain)) in enumerate(tries.items()):
        work.clear()
        with refused(ErrorKind.LOGIN_FAILED) as caught:
            # Each from elsewhere, so that it is the first failure there.
            sign_in(identity, name, password, domain=domain, client=f"198.51.100.{number}")
        seen[what] = (str(caught.value), *work)
    assert len([step for step in seen["wrong password"] if step.startswith("argon2")]) == 1
    assert set(seen.values()) == {seen["wrong password"]}
    assert user.enabled


@pytest.mark.parametrize("name", ["anna", "nobody"])
def test_a_lock_says_and_does_the_same_for_everybody(
    identity: Identity, user: User, work: Work, name: str
) -> None:
    for _ in range(5):
        with refused(ErrorKind.LOGIN_FAILED):
            sign_in(identity, name)
    work.clear()
    with refused(ErrorKind.LOGIN_LOCKED) as caught:
        sign_in(identity, name, PASSWORD)
    assert str(caught.value) == "locked for this address after 5 consecutive failures"
    # A try that cannot succeed costs no hash: it would only keep others waiting.
    assert not [step for step in work if step.startswith("argon2")]
    assert user.enabled


@pytest.mark.parametrize("name", ["anna", "nobody"])
def test_other_spellings_of_the_account_count_as_the_same(
    identity: Identity, user: User, name: str
) -> None:
    """Else a lock that comes, or does not, would tell whether there is such a user."""
    by_id = Reference(id=user.domain.id)
    by_name = Reference(name=user.domain.name)
    for domain in (by_id, by_name, by_id, by_name, by_id):
        login = PasswordLogin(user=Reference(name=name), domain=domain, password=WRONG)
        with refused(ErrorKind.LOGIN_FAILED):
            identity.sign_in.log_in(login, CLIENT)
    with refused(ErrorKind.LOGIN_LOCKED):
        sign_in(identity, name)


def test_a_user_by_id_counts_as_by_name(identity: Identity, user: User) -> None:
    """Else each spelling would be another five guesses."""
    by_id = PasswordLogin(user=Reference(id=user.id), domain=None, password=WRONG)
    for _ in range(2):
        with refused(ErrorKind.LOGIN_FAILED):
            identity.sign_in.log_in(by_id, CLIENT)
    for _ in range(3):
        with refused(ErrorKind.LOGIN_FAILED):
            sign_in(identity, "anna")
    with refused(ErrorKind.LOGIN_LOCKED):
        identity.sign_in.log_in(by_id, CLIENT)


def test_a_disabled_administrator_is_no_different(
    identity: Identity, account: FirstAccount
) -> None:
    add_administrator(identity)
    identity.administration.disable_user(str(account.user))
    for name in (str(account.user), "nobody"):
        with refused(ErrorKind.LOGIN_FAILED) as caught:
            sign_in(identity, name, PASSWORD)
        assert str(caught.value) == "wrong account, user or password"
