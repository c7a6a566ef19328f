"""Test the schema, transactions, and one clear error for every failure."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import QueuePool

from tests.support.database_faults import read_only, replaced_by
from tests.support.identity import CLIENT, PASSWORD, START, Clock, refused, signed
from web_image_ocr.database.database import Database
from web_image_ocr.database.tables import DomainRow, Table
from web_image_ocr.identity import FirstAccount, Identity, IdentityConfig, TokenGrant
from web_image_ocr.identity.accounts.new_rows import new_domain, new_project
from web_image_ocr.primitives.errors import ErrorKind

LogIn = Callable[..., TokenGrant]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "web-image-ocr.db"


def test_migrations_lead_to_the_tables(path: Path) -> None:
    database = Database(f"sqlite:///{path}", 1)
    with database._readers.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
    database.close()


def test_a_new_file_waits_for_writers_and_keeps_foreign_keys(path: Path) -> None:
    database = Database(f"sqlite:///{path}", 1)
    with database.reading() as session:
        connection = session.connection()
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 1000
    database.close()


def test_paths_may_hold_any_character(tmp_path: Path) -> None:
    folder = tmp_path / "a b?#%20图"
    Identity(IdentityConfig(), folder).close()
    assert (folder / "web-image-ocr.db").stat().st_size > 0


def test_a_failed_change_leaves_nothing(path: Path) -> None:
    database = Database(f"sqlite:///{path}", 1)

    def change_and_fail() -> None:
        with database.writing() as session:
            session.add(new_domain("default", START))
            session.flush()
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change_and_fail()
    with database.reading() as session:
        assert session.query(DomainRow).count() == 0
    database.close()


def test_foreign_keys_hold(path: Path) -> None:
    database = Database(f"sqlite:///{path}", 1)
    with refused(ErrorKind.DATABASE_UNAVAILABLE) as caught, database.writing() as session:
        session.add(new_project(32 * "0", "secret-name", START))
    assert "FOREIGN KEY" in str(caught.value)
    assert "secret-name" not in str(caught.value)
    with database.writing() as session:
        session.add(new_project(32 * "0", "x", START))
        with pytest.raises(IntegrityError):
            session.flush()
        session.rollback()
    database.close()


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://x/y", "sqlite://", "sqlite:///:memory:", "x://"]
)
def test_an_unusable_address_is_a_wrong_setting(url: str) -> None:
    with refused(ErrorKind.CONFIGURATION_INVALID):
        Database(url, 1)


def test_an_invalid_port_is_an_error_without_the_password() -> None:
    with refused(ErrorKind.CONFIGURATION_INVALID) as caught:
        Database("postgresql://user:p@ss:word@host/x", 1)
    assert "word" not in caught.value.detail


def test_a_database_of_a_newer_version_is_left_alone(path: Path) -> None:
    Database(f"sqlite:///{path}", 1).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with refused(ErrorKind.CONFIGURATION_INVALID) as caught:
        Database(f"sqlite:///{path}", 1)
    assert "newer version" in str(caught.value)


def test_many_threads_write_at_once(path: Path) -> None:
    database = Database(f"sqlite:///{path}", 30)

    def write(number: int) -> None:
        with database.writing() as session:
            assert session.query(DomainRow).count() >= 0
            session.add(new_domain(f"domain {number}", START))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as session:
        assert session.query(DomainRow).count() == 20
    database.close()


class TestTrouble:
    """No caller is authenticated during a failure, not even with a valid key."""

    @pytest.fixture
    def call(self, identity: Identity, account: FirstAccount, clock: Clock) -> Callable[[], object]:
        request = signed(str(account.access_key), str(account.secret_key), clock())
        identity.signatures.authenticate(request, CLIENT)
        return lambda: identity.signatures.authenticate(request, CLIENT)

    def test_missing(self, identity: Identity, call: Callable[[], object], path: Path) -> None:
        for file in path.parent.glob("web-image-ocr.db*"):
            file.unlink()
        with refused(ErrorKind.DATABASE_UNAVAILABLE):
            call()
        with refused(ErrorKind.DATABASE_UNAVAILABLE):
            identity.check()
        assert not path.exists()

    def test_back_again(self, identity: Identity, call: Callable[[], object], path: Path) -> None:
        identity.check()
        away = path.with_name("away.db")
        path.rename(away)
        with refused(ErrorKind.DATABASE_UNAVAILABLE):
            call()
        away.rename(path)
        identity.check()
        call()

    def test_corrupted(self, identity: Identity, call: Callable[[], object], path: Path) -> None:
        identity.close()
        path.write_bytes(os.urandom(8192))
        with refused(ErrorKind.DATABASE_UNAVAILABLE):
            call()
        with refused(ErrorKind.DATABASE_UNAVAILABLE):
            Identity(IdentityConfig(), path.parent)

    def test_empty(self, call: Callable[[], object], path: Path) -> None:
        other = path.with_name("other.db")
        other.touch()
        other.replace(path)
        with refused(ErrorKind.DATABASE_UNAVAILABLE):
            call()

    def test_locked(self, log_in: LogIn, path: Path) -> None:
        with closing(sqlite3.connect(path)) as blocker:
            blocker.execute("BEGIN IMMEDIATE")
            with refused(ErrorKind.DATABASE_UNAVAILABLE) as caught:
                log_in("wrong password")
            assert "locked" in str(caught.value)
            # Who needs to write nothing is not held up.
            log_in(client="198.51.100.7")
        log_in()

    def test_no_guess_goes_uncounted(self, log_in: LogIn, path: Path) -> None:
        """While failures cannot be counted, a failed caller gets no second try."""
        with closing(sqlite3.connect(path)) as blocker:
            blocker.execute("BEGIN IMMEDIATE")
            for password in ("wrong password", PASSWORD, PASSWORD):
                with refused(ErrorKind.DATABASE_UNAVAILABLE):
                    log_in(password)
        for _ in range(4):
            with refused(ErrorKind.LOGIN_FAILED):
                log_in("wrong password")
        with refused(ErrorKind.LOGIN_LOCKED):
            log_in()

    def test_read_only(self, identity: Identity, log_in: LogIn, path: Path) -> None:
        """A connection opened while the file was read-only is reopened afterwards."""
        with read_only(path):
            with refused(ErrorKind.DATABASE_UNAVAILABLE) as caught:
                log_in("wrong password")
            assert "readonly" in str(caught.value)
            log_in(client="198.51.100.7")
        identity.administration.create_project("afterwards")
        log_in()

    def test_another_database(self, log_in: LogIn, path: Path) -> None:
        """Its users are strangers, though their passwords are right."""
        log_in()
        other = path.parent / "other"
        with closing(Identity(IdentityConfig(), other)) as opened:
            opened.initialize(password=PASSWORD)
        with replaced_by(path, other / path.name):
            with refused(ErrorKind.DATABASE_UNAVAILABLE) as caught:
                log_in()
            assert "another database" in str(caught.value)
        log_in()

    def test_a_damaged_row(self, log_in: LogIn, path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE users SET role = 'a secret'")
            connection.commit()
            with refused(ErrorKind.DATABASE_UNAVAILABLE) as caught:
                log_in()
            assert "secret" not in str(caught.value)
            connection.execute("UPDATE users SET role = 'caller'")
            connection.commit()
        log_in()


def test_folder_and_files_are_the_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "data"
    with closing(Identity(IdentityConfig(), folder)) as identity:
        identity.initialize(password=PASSWORD)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert set(modes) >= {"web-image-ocr.db", "web-image-ocr.db-wal", "master.key"}
    assert set(modes.values()) == {0o600}


def test_every_thread_has_a_connection(tmp_path: Path) -> None:
    """However many cores the machine has."""
    with closing(Identity(IdentityConfig(password_hashes_at_once=30), tmp_path)) as identity:
        readers, writers = (
            cast(QueuePool, engine.pool)
            for engine in (identity._database._readers, identity._database._writers)
        )
        threads = 2 * identity.password_threads + 8 + 8 + 2
        assert readers.size() + readers._max_overflow >= threads
        assert writers.size() + writers._max_overflow >= identity.password_threads + 8
