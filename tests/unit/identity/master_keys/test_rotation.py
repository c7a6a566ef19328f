"""Test the rotation of the master key, interrupted at every step."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.support.backing_services import Postgres
from tests.support.identity import CLIENT, PASSWORD, Clock, refused, signed
from web_image_ocr.database.tables import AccessKeyRow
from web_image_ocr.identity import (
    FirstAccount,
    Identity,
    IdentityConfig,
    NewAccessKey,
    RotationPhase,
    TokenGrant,
)
from web_image_ocr.identity.master_keys import key_file as key_file_module
from web_image_ocr.identity.master_keys import rotation as rotation_module
from web_image_ocr.identity.master_keys.key_file import KeyFile, random_master_key
from web_image_ocr.identity.master_keys.keyring import MasterKey
from web_image_ocr.identity.master_keys.rotation import Progress, Rotation
from web_image_ocr.primitives.atomic_files import locked, replace_durably
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

LogIn = Callable[..., TokenGrant]
A_DAY_AND_MORE = 26 * 3600


class Killed(BaseException):
    """Stands for SIGKILL: nothing catches it."""


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation_module, "_PAGE", 2)


@pytest.fixture(autouse=True)
def _facts_of_postgres_restored(
    request: pytest.FixtureRequest, database_url: str
) -> Iterator[None]:
    if not database_url:
        yield
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    postgres.run("DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT * FROM facts")
    yield
    postgres.run("DELETE FROM facts; INSERT INTO facts SELECT * FROM kept; DROP TABLE kept")


class Installation:
    """A server that runs throughout, with what it issued; ``rotation`` is of another process."""

    def __init__(
        self, server: Identity, log_in: LogIn, folder: Path, config: IdentityConfig, clock: Clock
    ) -> None:
        self.server, self.log_in, self.clock = server, log_in, clock
        self.folder, self.config = folder, config
        self.path = folder / "master.key"
        self.slept: list[float] = []
        self.keys: list[NewAccessKey] = []
        self.tokens: list[str] = []
        self.temporary = [server.temporary_keys.issue(log_in().token, 86_400)]
        self.issue()

    def issue(self) -> None:
        """Issue keys of two new users, a token and a temporary key."""
        accounts = self.server.administration
        for _ in range(2):
            owner = f"owner-{len(self.keys)}"
            accounts.create_user(owner)
            self.keys += [accounts.create_key(owner), accounts.create_key(owner)]
        self.tokens.append(self.log_in().token)
        self.temporary.append(self.server.temporary_keys.issue(self.tokens[-1], 86_400))

    def check_keys(self, server: Identity | None = None) -> None:
        for key in self.keys:
            (server or self.server).signatures.authenticate(
                signed(key.access, key.secret, self.clock()), CLIENT
            )

    def check(self, server: Identity | None = None) -> None:
        """Everything issued so far is good."""
        self.check_keys(server)
        server = server or self.server
        for token in self.tokens:
            server.authorizer.authenticate_token(token)
        for key in self.temporary:
            request = signed(
                key.access, key.secret, self.clock(), security_token=key.security_token
            )
            server.signatures.authenticate(request, CLIENT)

    def opened(self) -> Identity:
        return Identity(self.config, self.folder, may_create=False, clock=self.clock)

    def rotate(self) -> None:
        """Run the command as far as it goes."""
        with closing(self.opened()) as identity:
            rotation = identity.rotation(self.slept.append)
            rotation.prepare()
            rotation.activate()
            rotation.re_encrypt()

    def retire(self, *, now: bool = False) -> None:
        with closing(self.opened()) as identity:
            identity.rotation(self.slept.append).retire(now=now)

    def phase(self) -> RotationPhase:
        with closing(self.opened()) as identity:
            return identity.rotation().status().phase

    def lines(self) -> list[str]:
        return self.path.read_text().split()


@pytest.fixture
def town(
    identity: Identity, log_in: LogIn, tmp_path: Path, config: IdentityConfig, clock: Clock
) -> Installation:
    return Installation(identity, log_in, tmp_path, config, clock)


@pytest.fixture(autouse=True)
def _looks_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_file_module, "_CHECK_INTERVAL_S", 0.0)


def test_a_whole_rotation(town: Installation) -> None:
    (before,) = town.lines()
    assert town.phase() is RotationPhase.NONE
    town.rotate()
    assert len(town.lines()) == 2
    assert town.phase() is RotationPhase.WAITING
    town.check()
    town.issue()  # the server goes on, without a restart
    town.check()
    with closing(town.opened()) as restarted:
        town.check(restarted)
    with refused(ErrorKind.RECORD_CONFLICT) as caught:
        town.retire()
    assert "may be valid until 2026-01-16 10:30 UTC" in str(caught.value)
    town.clock.advance(A_DAY_AND_MORE)
    assert town.phase() is RotationPhase.RETIRABLE
    town.retire()
    (after,) = town.lines()
    assert after != before
    assert stat.S_IMODE(town.path.stat().st_mode) == 0o600
    assert town.phase() is RotationPhase.NONE
    town.check_keys()
    with closing(town.opened()) as restarted:
        town.check_keys(restarted)
    assert 6.0 not in town.slept


def test_repeated_steps_change_nothing(town: Installation) -> None:
    for _ in range(3):
        town.rotate()
    lines = town.lines()
    assert len(lines) == 2
    town.clock.advance(A_DAY_AND_MORE)
    for _ in range(3):
        town.retire()
    assert town.lines() == lines[1:]
    town.rotate()  # the next one
    assert town.lines()[0] == lines[1]
    town.check_keys()


def test_retiring_now_revokes_tokens_and_keeps_keys(town: Installation) -> None:
    town.rotate()
    town.retire(now=True)
    assert 6.0 in town.slept  # no server has a row of the former key in its cache then
    key = town.temporary[0]
    request = signed(key.access, key.secret, town.clock(), security_token=key.security_token)
    with closing(town.opened()) as restarted:
        for server in (town.server, restarted):
            town.check_keys(server)
            with refused(ErrorKind.TOKEN_UNREADABLE):
                server.authorizer.authenticate_token(town.tokens[0])
            with refused(ErrorKind.KEY_UNKNOWN):
                server.signatures.authenticate(request, CLIENT)
    town.issue()


STEPS = (
    "before the file is replaced",
    "after the file is replaced",
    "after the preparation",
    "after the activation",
    "after two keys",
    "after four keys",
    "after all keys",
)


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_and_continued(
    town: Installation, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched, closing(town.opened()) as identity:
        rotation = identity.rotation()

        def replace_and_die(path: Path, content: bytes) -> None:
            if step == STEPS[1]:
                replace_durably(path, content)
            raise Killed

        if step in STEPS[:2]:
            patched.setattr(key_file_module, "replace_durably", replace_and_die)
        with pytest.raises(Killed):
            run_until(rotation, step, killed)
    town.check()
    town.issue()
    town.check()
    with closing(town.opened()) as restarted:
        town.check(restarted)
    town.rotate()
    assert town.phase() is RotationPhase.WAITING
    assert len(town.lines()) == 2
    town.check()
    town.clock.advance(A_DAY_AND_MORE)
    town.retire()
    with closing(town.opened()) as restarted:  # the caches of a server are empty a day later
        town.check_keys(restarted)


def run_until(rotation: Rotation, step: str, killed: Callable[[], None]) -> None:
    rotation.prepare()
    if step == "after the preparation":
        killed()
    rotation.activate()
    if step == "after the activation":
        killed()
    limit = {"after two keys": 2, "after four keys": 4}.get(step, 10**9)

    def progress(done: int, _total: int) -> None:
        if done >= limit:
            killed()

    rotation.re_encrypt(progress)
    killed()


def test_killed_between_database_and_file_when_retiring(
    town: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.rotate()
    former, current = town.lines()
    with monkeypatch.context() as patched:

        def die(*_: object) -> None:
            raise Killed

        patched.setattr(Rotation, "_remove", die)
        with pytest.raises(Killed):
            town.retire(now=True)
    assert town.lines() == [former, current]
    with closing(town.opened()) as restarted:  # refuses the retired key though it is in the file
        with refused(ErrorKind.TOKEN_UNREADABLE):
            restarted.authorizer.authenticate_token(town.tokens[0])
        town.check_keys(restarted)
    town.retire()
    assert town.lines() == [current]


def test_a_retired_key_is_never_put_in_use_again(town: Installation) -> None:
    former = town.lines()[0]
    town.rotate()
    town.retire(now=True)
    current = town.lines()[0]
    town.path.write_text(f"{former}\n{current}\n")  # a copy that was not renewed
    town.rotate()
    assert former not in town.lines()
    assert len(town.lines()) == 2
    town.check_keys()


def test_a_key_that_another_program_wrote_is_taken(town: Installation) -> None:
    before = town.lines()[0]
    town.path.write_text(f"{before}\n{'ab' * 32}\n")
    town.rotate()
    assert town.lines() == [before, "ab" * 32]
    town.check()
    town.clock.advance(A_DAY_AND_MORE)
    town.retire()
    assert town.lines() == ["ab" * 32]


def test_two_unknown_keys_are_refused(town: Installation) -> None:
    town.path.write_text(f"{town.lines()[0]}\n{'ab' * 32}\n{'cd' * 32}\n")
    with refused(ErrorKind.CONFIGURATION_INVALID) as caught:
        town.rotate()
    assert "holds 2 master keys that are unknown to the database" in str(caught.value)
    town.check()


def test_a_server_with_its_own_copy(town: Installation, tmp_path: Path) -> None:
    """Copied after the preparation it misses nothing; never copied it says so."""
    config = IdentityConfig(
        store_wait_seconds=0.2,
        database_url=town.config.database_url or f"sqlite:///{tmp_path / 'web-image-ocr.db'}",
        master_key_path=str(tmp_path / "copy.key"),
        cache_seconds=0,
    )
    shutil.copy(town.path, tmp_path / "copy.key")
    with closing(Identity(config, tmp_path, clock=town.clock)) as other:
        with closing(town.opened()) as identity:
            rotation = identity.rotation()
            rotation.prepare()
            uncopied = (tmp_path / "copy.key").read_bytes()
            shutil.copy(town.path, tmp_path / "copy.key")
            rotation.activate()
            rotation.re_encrypt()
        town.check(other)
        town.issue()
        town.check(other)
        (tmp_path / "copy.key").write_bytes(uncopied)
        with refused(ErrorKind.DATABASE_UNAVAILABLE):
            town.check_keys(other)
    with refused(ErrorKind.CONFIGURATION_INVALID) as caught:
        Identity(config, tmp_path, clock=town.clock)
    assert "lacks the master key" in str(caught.value) or "another database" in str(caught.value)


def test_a_key_made_during_the_rotation_is_under_the_new_key(town: Installation) -> None:
    """By a server whose cache still names the former key."""
    town.log_in()  # the key in use is cached
    town.rotate()
    town.keys.append(town.server.administration.create_key("admin"))  # has one
    with closing(town.opened()) as identity:
        assert identity.rotation().status().left == 0
    town.retire(now=True)
    town.check_keys()


def test_secrets_that_no_key_decrypts_are_named_and_the_rest_goes_on(town: Installation) -> None:
    with town.server._database.writing() as session:
        session.execute(
            update(AccessKeyRow)
            .where(AccessKeyRow.access == town.keys[0].access)
            .values(encrypted_secret=b"altered")
        )
    with refused(ErrorKind.CONFIGURATION_INVALID) as caught:
        town.rotate()
    assert town.keys[0].access in str(caught.value)
    with refused(ErrorKind.CONFIGURATION_INVALID):
        town.retire(now=True)
    with closing(town.opened()) as identity:
        assert identity.rotation().status().left == 1
    town.server.administration.delete_key(town.keys.pop(0).access)
    town.retire(now=True)
    town.check_keys()


def test_other_writers_get_their_turn(town: Installation) -> None:
    """SQLite does not queue them: without pauses one may wait until it gives up."""
    town.rotate()
    assert len(town.slept) == 3  # after each page: there are five keys, two a page
    assert min(town.slept) > 0
    town.rotate()
    assert len(town.slept) == 3  # nothing is left to write


def test_nothing_of_the_former_key_is_left_in_the_database(town: Installation) -> None:
    with town.server._database.reading() as session:
        before = set(session.scalars(select(AccessKeyRow.encrypted_secret)))
    town.rotate()
    with town.server._database.reading() as session:
        assert before.isdisjoint(session.scalars(select(AccessKeyRow.encrypted_secret)))


def test_a_file_that_cannot_be_replaced_changes_nothing(
    town: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(*_: object) -> None:
        raise OSError(30, os.strerror(30))

    before = town.lines()
    with monkeypatch.context() as patched:
        patched.setattr(key_file_module, "replace_durably", read_only)
        with refused(ErrorKind.CONFIGURATION_INVALID) as caught:
            town.rotate()
    assert "Read-only file system; it must hold one line for each" in str(caught.value)
    assert before[0] not in str(caught.value)
    assert town.lines() == before
    assert town.phase() is RotationPhase.NONE
    town.check()


def test_a_damaged_or_missing_file_leaves_the_keys_in_force(town: Installation) -> None:
    content = town.path.read_bytes()
    for damage in (b"half a k", b""):
        town.path.write_bytes(damage)
        town.check()
    town.path.unlink()
    town.check()
    town.path.write_bytes(content)
    town.check()


def test_the_file_is_looked_at_once_a_second(
    town: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_file_module, "_CHECK_INTERVAL_S", 3600.0)
    looked: list[Path] = []
    stat_of = key_file_module._stat_of

    def counted(path: Path) -> tuple[int, int, int] | None:
        looked.append(path)
        return stat_of(path)

    monkeypatch.setattr(key_file_module, "_stat_of", counted)
    for _ in range(5):
        town.check()
    assert looked == []
    with refused(ErrorKind.TOKEN_UNREADABLE):  # signed with a key that may be a new one
        town.server.authorizer.authenticate_token(town.tokens[0][:-4] + "AAAA")
    assert len(looked) == 1


class TestFilePutBack:
    """By a configuration manager, a mounted secret or an editor, between two steps."""

    def test_the_prepared_key_is_not_put_in_use(
        self, town: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(key_file_module, "_CHECK_INTERVAL_S", 3600.0)  # the key is remembered
        before = town.path.read_bytes()
        with closing(town.opened()) as identity:
            rotation = identity.rotation()
            rotation.prepare()
            after = town.path.read_bytes()
            town.path.write_bytes(before)
            for step in (rotation.activate, rotation.prepare):
                with refused(ErrorKind.CONFIGURATION_INVALID) as caught:
                    step()
                assert "lacks the master key" in str(caught.value)
            assert rotation.status().phase is RotationPhase.PREPARED
            rotation.re_encrypt()
        with closing(town.opened()) as restarted:
            town.check(restarted)
        town.path.write_bytes(after)
        town.rotate()
        town.check()

    def test_a_missing_file_is_not_taken_from_memory(self, town: Installation) -> None:
        with closing(town.opened()) as identity:
            rotation = identity.rotation()
            rotation.prepare()
            content = town.path.read_bytes()
            town.path.unlink()
            for step in (rotation.prepare, rotation.activate):
                with refused(ErrorKind.CONFIGURATION_INVALID):
                    step()
            town.path.write_bytes(content)
        assert town.phase() is RotationPhase.PREPARED
        town.check()

    def test_a_file_that_may_not_survive_is_refused(
        self, town: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def failing(_handle: int) -> None:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        with closing(town.opened()) as identity:
            rotation = identity.rotation()
            rotation.prepare()
            with monkeypatch.context() as patched:
                patched.setattr(os, "fsync", failing)
                with refused(ErrorKind.CONFIGURATION_INVALID):
                    rotation.activate()
        assert town.phase() is RotationPhase.PREPARED

    def test_re_encryption_stops(self, town: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(key_file_module, "_CHECK_INTERVAL_S", 3600.0)
        before = town.path.read_bytes()
        with closing(town.opened()) as identity:
            rotation = identity.rotation()
            rotation.prepare()
            rotation.activate()
            both = town.path.read_bytes()

            def put_back(done: int, _total: int) -> None:
                if done == 2:
                    town.path.write_bytes(before)

            with refused(ErrorKind.CONFIGURATION_INVALID):
                rotation.re_encrypt(put_back)
            town.path.write_bytes(both)
            status = rotation.status()
            assert status.left == status.keys - 2
        town.rotate()
        town.check()

    def test_the_former_key_is_not_retired(
        self, town: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(key_file_module, "_CHECK_INTERVAL_S", 3600.0)
        before = town.path.read_bytes()
        with closing(town.opened()) as identity:
            rotation = identity.rotation(town.slept.append)
            rotation.prepare()
            rotation.activate()
            rotation.re_encrypt()
            both = town.path.read_bytes()
            town.path.write_bytes(before)
            with refused(ErrorKind.CONFIGURATION_INVALID):
                rotation.retire(now=True)
            assert town.path.read_bytes() == before  # not emptied
            town.path.write_bytes(both)
        assert town.phase() is RotationPhase.WAITING
        with closing(town.opened()) as restarted:
            town.check(restarted)
        town.retire(now=True)
        with closing(town.opened()) as restarted:
            town.check_keys(restarted)


class TestTwoCommands:
    def test_one_that_retires_does_not_remove_the_key_of_the_next_rotation(
        self, town: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The next rotation runs between the read and the write of the file, if it can."""
        town.rotate()
        town.clock.advance(A_DAY_AND_MORE)
        others: list[str] = []

        def replace_late(path: Path, content: bytes) -> None:
            monkeypatch.setattr(key_file_module, "replace_durably", replace_durably)
            try:
                town.rotate()
            except ServiceError as error:
                others.append(error.kind.value)
            replace_durably(path, content)

        monkeypatch.setattr(key_file_module, "replace_durably", replace_late)
        town.retire()
        with closing(town.opened()) as restarted:
            town.check_keys(restarted)
        assert others == [ErrorKind.DATABASE_UNAVAILABLE.value]  # it waited, and then gave up
        town.rotate()
        assert len(town.lines()) == 2
        town.check_keys()

    def test_one_that_retires_leaves_the_former_key_of_the_next_rotation(
        self, town: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Its tokens have not expired, though those of the key before have."""
        town.rotate()
        town.clock.advance(A_DAY_AND_MORE)
        re_encrypt = Rotation.re_encrypt

        def rotate_meanwhile(self: Rotation, progress: Progress) -> int:
            changed = re_encrypt(self, progress)
            monkeypatch.setattr(Rotation, "re_encrypt", re_encrypt)
            town.retire()
            town.tokens = [town.log_in().token]
            town.temporary = []
            town.rotate()
            return changed

        monkeypatch.setattr(Rotation, "re_encrypt", rotate_meanwhile)
        town.retire()
        assert town.phase() is RotationPhase.WAITING
        assert len(town.lines()) == 2
        with closing(town.opened()) as restarted:
            town.check(restarted)

    def test_one_that_re_encrypts_takes_the_key_that_another_put_in_use(
        self, town: Installation
    ) -> None:
        with closing(town.opened()) as identity:
            rotation = identity.rotation()
            rotation.prepare()
            rotation.activate()

            def rotate_twice(done: int, _total: int) -> None:
                if done == 2:
                    town.rotate()
                    town.retire(now=True)
                    town.rotate()

            rotation.re_encrypt(rotate_twice)
            assert rotation.status().left == 0
        town.retire(now=True)
        town.check_keys()

    def test_several_at_once_make_one_key(self, town: Installation) -> None:
        town.config = replace(town.config, store_wait_seconds=60)
        before = town.lines()

        def rotate(_number: int) -> None:
            town.rotate()

        def retire(_number: int) -> None:
            town.retire(now=True)

        with ThreadPoolExecutor(4) as threads:
            list(threads.map(rotate, range(4)))
            assert town.lines()[:-1] == before
            assert town.phase() is RotationPhase.WAITING
            town.check()
            list(threads.map(retire, range(4)))
        assert len(town.lines()) == 1
        assert town.phase() is RotationPhase.NONE
        with closing(town.opened()) as restarted:
            town.check_keys(restarted)

    def test_rewrites_of_the_file_wait_for_each_other(self, tmp_path: Path) -> None:
        """Also if the database lock is lost, as with a connection to PostgreSQL."""
        path = tmp_path / "own.key"
        path.write_text(f"{'00' * 32}\n")
        keys = [random_master_key() for _ in range(2)]

        def add(number: int) -> None:
            KeyFile(path).rewrite(lambda held: [*held, keys[number]])

        with ThreadPoolExecutor(1) as threads:
            calls: list[int] = []

            def change(held: tuple[MasterKey, ...]) -> list[MasterKey]:
                calls.append(len(held))
                if len(calls) == 2:  # under the lock
                    other.append(threads.submit(add, 1))
                    with pytest.raises(TimeoutError):
                        other[0].result(0.3)
                return [*held, keys[0]]

            other: list[Future[None]] = []
            KeyFile(path).rewrite(change)
            other[0].result(60)
        assert [key.fingerprint for key in KeyFile(path).accepted()][1:] == [
            key.fingerprint for key in keys
        ]

    def test_a_lock_that_is_never_released_is_named(
        self, town: Installation, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(key_file_module, "_LOCK_WAIT_S", 0.1)
        with locked(town.path, 0), refused(ErrorKind.RECORD_CONFLICT) as caught:
            town.rotate()
        assert "another command has been changing" in str(caught.value)
        town.rotate()
        town.check()


def test_the_wait_covers_longer_token_lives(town: Installation) -> None:
    town.config = IdentityConfig(
        database_url=town.config.database_url, token_lifetime_seconds=7 * 86_400
    )
    town.rotate()
    with closing(town.opened()) as identity:
        until = identity.rotation().status().state.former_until
    assert until == town.clock() + timedelta(days=7, hours=1)


def test_a_first_account_on_a_rotated_database(identity: Identity, tmp_path: Path) -> None:
    with closing(Identity(IdentityConfig(), tmp_path)) as other:
        rotation = other.rotation(time.sleep)
        rotation.prepare()
        rotation.activate()
    account: FirstAccount = identity.initialize(password=PASSWORD)
    assert account.created
