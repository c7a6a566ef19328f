"""Test quotas of keys, users and projects: no caller fills the database, the operator may."""

from __future__ import annotations

import threading

import pytest

from tests.support.identity import PASSWORD, refused
from web_image_ocr.identity import Administration, FirstAccount, Identity, IdentityConfig
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


@pytest.fixture
def config() -> IdentityConfig:
    return IdentityConfig(max_users=3, max_projects=2)


@pytest.fixture
def accounts(identity: Identity, account: FirstAccount) -> Administration:
    assert account.created
    return identity.administration


def test_a_user_has_two_keys_as_in_the_cloud(accounts: Administration) -> None:
    accounts.create_user("bob", password=PASSWORD)
    keys = [accounts.create_key("bob") for _ in range(2)]
    with refused(ErrorKind.QUOTA_EXCEEDED) as caught:
        accounts.create_key("bob")
    assert "at most 2 access keys of one user" in str(caught.value)
    assert "identity.max_keys_per_user" in str(caught.value)
    accounts.disable_key(keys[0].access)
    with refused(ErrorKind.QUOTA_EXCEEDED):
        accounts.import_key("bob", "AKEXAMPLE00000000001", "secret")
    assert len(accounts.access_keys("bob")) == 2
    accounts.delete_key(keys[0].access)
    accounts.create_key("bob")
    accounts.create_key("admin")


def test_what_exists_already_is_said_first(accounts: Administration) -> None:
    """So that a script that imports keys can be run twice."""
    accounts.import_key("admin", "AKEXAMPLE00000000001", "secret")
    with refused(ErrorKind.RECORD_CONFLICT):
        accounts.import_key("admin", "AKEXAMPLE00000000001", "secret")


def test_users_and_projects_of_an_account(accounts: Administration) -> None:
    for name in ("bob", "carla"):
        accounts.create_user(name, password=PASSWORD)
    with refused(ErrorKind.QUOTA_EXCEEDED) as caught:
        accounts.create_user("dora", password=PASSWORD)
    assert "at most 3 users" in str(caught.value)
    accounts.create_project("second")
    with refused(ErrorKind.QUOTA_EXCEEDED) as caught:
        accounts.create_project("third")
    assert "at most 2 projects" in str(caught.value)
    assert len(accounts.users()) == 3
    assert len(accounts.projects()) == 2


def test_the_operator_may_go_beyond(accounts: Administration) -> None:
    for name in ("bob", "carla", "dora", "erna"):
        accounts.without_quotas().create_user(name, password=PASSWORD)
    for _ in range(4):
        accounts.without_quotas().create_key("bob")
    assert len(accounts.access_keys("bob")) == 4
    with refused(ErrorKind.QUOTA_EXCEEDED):
        accounts.create_key("bob")


def test_who_asks_at_once_gets_no_more(accounts: Administration) -> None:
    accounts.create_user("bob", password=PASSWORD)
    kinds: list[ErrorKind] = []

    def make() -> None:
        try:
            accounts.create_key("bob")
        except ServiceError as error:
            kinds.append(error.kind)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kinds == 4 * [ErrorKind.QUOTA_EXCEEDED]
    assert len(accounts.access_keys("bob")) == 2
