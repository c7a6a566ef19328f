"""Test that a change invalidates the touched records in the caches, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from tests.support.identity import PASSWORD, add_administrator
from web_image_ocr.database.database import Database
from web_image_ocr.identity import (
    CacheMissError,
    FirstAccount,
    Identity,
    PasswordLogin,
    Reference,
    Scope,
    TokenGrant,
)

LogIn = Callable[..., TokenGrant]
Reads = list[str]


@pytest.fixture
def reads(identity: Identity) -> Iterator[Reads]:
    """Collect the statements that readers execute."""
    engine = identity._database._readers
    asked: Reads = []

    def note(*arguments: object) -> None:
        asked.append(str(arguments[2]))

    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


class Scene:
    """Two users with a token and a key each, known to the caches."""

    def __init__(self, identity: Identity, account: FirstAccount, log_in: LogIn) -> None:
        self.identity = identity
        self.project_id = str(account.project_id)
        self.admin = log_in()
        self.admin_key = str(account.access_key)
        add_administrator(identity)
        self.other = log_in(user="second")
        self.other_key = identity.administration.create_key("second").access
        self.warm()

    def warm(self) -> None:
        for key in (self.admin_key, self.other_key):
            self.identity._directory.key(key)
        for grant in (self.admin, self.other):
            self.call(grant)

    def call(self, grant: TokenGrant) -> None:
        principal = self.identity.authorizer.authenticate_token(grant.token)
        self.identity.authorizer.authorize(principal, self.project_id)

    def call_from_memory(self, grant: TokenGrant) -> None:
        access = self.identity.cached_authorizer
        access.authorize(access.authenticate_token(grant.token), self.project_id)


@pytest.fixture
def scene(identity: Identity, account: FirstAccount, log_in: LogIn) -> Scene:
    return Scene(identity, account, log_in)


def test_cached_records_need_no_database(scene: Scene, reads: Reads) -> None:
    reads.clear()
    for grant in (scene.admin, scene.other):
        scene.call(grant)
        scene.call_from_memory(grant)
    assert reads == []


def test_what_is_not_known_is_not_made_up(scene: Scene, log_in: LogIn) -> None:
    with pytest.raises(CacheMissError):
        scene.call_from_memory(log_in())


CHANGES: dict[str, Callable[[Scene], object]] = {
    "password": lambda scene: scene.identity.administration.set_password("second", PASSWORD),
    "disabled": lambda scene: scene.identity.administration.disable_user("second"),
    "deleted": lambda scene: scene.identity.administration.delete_user("second"),
    "key": lambda scene: scene.identity.administration.disable_key(scene.other_key),
    "sign-out": lambda scene: scene.identity.revoked_tokens.revoke(
        scene.other.token, scene.other.token
    ),
    "another project": lambda scene: scene.identity.administration.create_project("another"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_others_are_not_read_again(scene: Scene, reads: Reads, change: str) -> None:
    CHANGES[change](scene)
    reads.clear()
    scene.call_from_memory(scene.admin)
    assert scene.identity._directory.key(scene.admin_key)
    assert reads == []


@pytest.mark.parametrize("change", ["password", "disabled", "deleted", "key"])
def test_the_keys_of_the_changed_are(scene: Scene, change: str) -> None:
    CHANGES[change](scene)
    with pytest.raises(CacheMissError):
        scene.identity._directory.cached.key(scene.other_key)


def test_a_token_that_was_revoked_is_refused_from_memory_too(scene: Scene) -> None:
    scene.identity.revoked_tokens.revoke(scene.other.token, scene.other.token)
    with pytest.raises(CacheMissError):
        scene.call_from_memory(scene.other)


def test_readers_and_probes_do_not_wait_for_writers(tmp_path: Path) -> None:
    """All connections that writers may have are taken: readers and probes have their own."""
    database = Database(f"sqlite:///{tmp_path}/own.db", 60)
    taken = [database._writers.connect() for _ in range(12)]
    with database.reading() as session:
        assert session.connection().exec_driver_sql("SELECT 1").scalar_one() == 1
    database.check()
    for connection in taken:
        connection.close()
    database.close()


def test_a_login_by_name_is_read_each_time(
    identity: Identity, account: FirstAccount, log_in: LogIn, reads: Reads
) -> None:
    assert account.created
    log_in()
    reads.clear()
    login = PasswordLogin(
        user=Reference(name="admin"),
        domain=Reference(name="default"),
        password=PASSWORD,
        scope=Scope(),
    )
    identity.sign_in.log_in(login, "192.0.2.1")
    assert reads
