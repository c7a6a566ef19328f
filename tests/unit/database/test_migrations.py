"""Test migrations: complete or not at all, and only where they are allowed."""

from __future__ import annotations

import logging
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command

from tests.support.backing_services import Postgres
from tests.support.database_faults import replace_database
from tests.support.identity import START, refused
from tests.support.old_databases import ROWS, make_first_revision, rows_of
from web_image_ocr.database import sqlite_files
from web_image_ocr.database.database import Database
from web_image_ocr.database.revisions import Revisions
from web_image_ocr.identity import Identity, IdentityConfig, Role
from web_image_ocr.primitives.errors import ErrorKind

NEWEST = Revisions().newest


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Create a database of revision 0001 in write-ahead mode, as the program does."""
    made = tmp_path / "web-image-ocr.db"
    with closing(sqlite3.connect(made)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    made.chmod(0o600)
    make_first_revision(f"sqlite:///{made}")
    return made


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{request.getfixturevalue('path')}"
    postgres: Postgres = request.getfixturevalue("postgres")
    postgres.run("DROP DATABASE IF EXISTS old")
    postgres.run("CREATE DATABASE old")
    make_first_revision(postgres.url("old"))
    return postgres.url("old")


def backups(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.name}.backup-*"))


def revision(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        found: str = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
        return found


def test_nothing_is_lost(url: str, tmp_path: Path) -> None:
    before = rows_of(url)
    identity = Identity(IdentityConfig(database_url=url), tmp_path)
    assert (identity.migration.before, identity.migration.after) == ("0001", NEWEST)
    assert rows_of(url) == before
    (user,) = identity.administration.users()
    assert (user.id, user.role, user.created_at) == ("a" * 32, Role.ADMINISTRATOR, START)
    (key,) = identity.administration.access_keys()
    assert (key.access, key.created_at, key.last_used_at) == ("AK", START, None)
    identity.recorder.count("b" * 32, 200, "", 0.1)
    identity.recorder.key_used("AK")
    assert identity.recorder.flush()
    assert identity.administration.access_keys()[0].last_used_at
    identity.close()


def test_the_backup_is_private_named_whole_and_restores(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"sqlite:///{path}"
    before = rows_of(url)
    with caplog.at_level(logging.INFO), closing(Database(url, 1)) as database:
        backup = database.migration.backup
        assert backup
        with database.writing() as session:
            session.connection().exec_driver_sql("DELETE FROM users")
    assert backups(path) == [backup]
    assert backup.name.startswith("web-image-ocr.db.backup-0001-20")
    assert str(backup) in caplog.text
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert rows_of(f"sqlite:///{backup}") == before
    replace_database(path, backup)
    with closing(Database(url, 1)) as database:
        assert database.migration.before == "0001"
    assert rows_of(url) == before


def test_a_new_database_and_one_of_this_version_need_no_backup(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    for before in (None, NEWEST):
        with closing(Database(f"sqlite:///{path}", 1)) as database:
            assert (database.migration.before, database.migration.backup) == (before, None)
    assert backups(path) == []


def test_postgresql_has_no_backup_of_ours(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    postgres: Postgres = request.getfixturevalue("postgres")
    postgres.run("DROP DATABASE IF EXISTS old")
    postgres.run("CREATE DATABASE old")
    make_first_revision(postgres.url("old"))
    with closing(Database(postgres.url("old"), 1)) as database:
        assert database.migration.backup is None
    assert "pg_dump" in caplog.text


@pytest.mark.parametrize("may_create", [True, False])
def test_an_outdated_database_names_the_command_to_run(path: Path, may_create: bool) -> None:
    before = path.read_bytes()
    with refused(ErrorKind.DATABASE_UNAVAILABLE) as caught:
        Identity(IdentityConfig(), path.parent, may_create=may_create, may_migrate=False)
    assert caught.value.detail == (
        f"the database in {path.parent} has revision 0001, this version needs {NEWEST}: "
        f"run `web-image-ocr admin migrate --data-dir {path.parent}` or start the server"
    )
    assert path.read_bytes() == before
    assert not (path.parent / "master.key").exists()


def test_the_url_is_not_in_the_error(url: str, tmp_path: Path) -> None:
    config = IdentityConfig(database_url=url)
    with refused(ErrorKind.DATABASE_UNAVAILABLE) as caught:
        Identity(config, tmp_path / "data", may_migrate=False)
    assert url not in caught.value.detail
    assert "run `web-image-ocr admin migrate` or" in caught.value.detail


@pytest.mark.parametrize("may_migrate", [True, False])
def test_a_newer_database_is_left_alone(path: Path, may_migrate: bool) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with refused(ErrorKind.CONFIGURATION_INVALID) as caught:
        Database(f"sqlite:///{path}", 1, may_migrate=may_migrate)
    assert "newer version" in caught.value.detail
    assert backups(path) == []


def _full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def _damaged(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del monkeypatch
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute("UPDATE sqlite_schema SET rootpage = 3 WHERE name = 'failures'")
        connection.commit()


def _no_room(_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_files, "_sync", _full)


def _failing(_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The migration itself fails after half of its work."""
    upgrade = command.upgrade

    def fail(*arguments: object) -> None:
        upgrade(*arguments)  # type: ignore[arg-type]
        _full()

    monkeypatch.setattr(command, "upgrade", fail)


FAULTS: dict[str, tuple[Callable[[Path, pytest.MonkeyPatch], None], str]] = {
    "no room for the backup": (_no_room, "No space left"),
    "a damaged database": (_damaged, "damaged"),
    "a migration that fails": (_failing, "No space left"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_without_a_backup_or_in_part_nothing_is_migrated(
    path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    begin, reason = FAULTS[name]
    begin(path, monkeypatch)
    with refused(ErrorKind.DATABASE_UNAVAILABLE) as caught:
        Database(f"sqlite:///{path}", 1)
    assert reason in caught.value.detail
    monkeypatch.undo()
    assert revision(path) == "0001"
    assert [file for file in path.parent.iterdir() if "backup" in file.name] == []


KILLED = """
import os, signal, sys
from sqlalchemy import Engine, event
from web_image_ocr.database.database import Database

@event.listens_for(Engine, "after_cursor_execute")
def kill(connection, cursor, statement, *_):
    if statement.split()[:2] == ["CREATE", "TABLE"]:
        os.kill(os.getpid(), signal.SIGKILL)

Database(sys.argv[1], 5)
"""
"""Program that exits half-way through a migration, like a killed server."""


def test_a_server_that_is_killed_half_way_leaves_the_database_as_it_was(path: Path) -> None:
    url = f"sqlite:///{path}"
    before = rows_of(url)
    done = subprocess.run([sys.executable, "-c", KILLED, url], check=False, timeout=120)
    assert done.returncode == -9
    assert revision(path) == "0001"
    assert rows_of(url) == before
    (backup,) = backups(path)
    assert rows_of(f"sqlite:///{backup}") == before
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    Database(url, 1).close()
    assert revision(path) == NEWEST
    assert rows_of(url) == before


def test_what_a_killed_server_left_of_a_backup_is_removed(path: Path) -> None:
    draft = path.with_name(f".{path.name}.backup")
    draft.write_bytes(b"half of it")
    Database(f"sqlite:///{path}", 1).close()
    assert not draft.exists()


OPENING = (
    "import sys; from web_image_ocr.database.database import Database; Database(sys.argv[1], 5)"
)


@pytest.mark.slow
def test_of_servers_that_start_at_once_one_migrates(url: str, tmp_path: Path) -> None:
    before = rows_of(url)
    servers = [subprocess.Popen([sys.executable, "-c", OPENING, url]) for _ in range(4)]
    assert [server.wait(timeout=120) for server in servers] == [0] * 4
    assert rows_of(url) == before
    with closing(Database(url, 1)) as database:
        assert database.migration.before == NEWEST
    expected = 1 if url.startswith("sqlite") else 0
    assert len(backups(tmp_path / "web-image-ocr.db")) == expected


def test_the_rows_are_of_all_tables_of_the_first_revision(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        names = {name for (name,) in tables}
    assert names == {*ROWS, "facts", "alembic_version"}
