"""The store: connections, transactions, its newest form, and its failures as one error.

SQLite is the default (write-ahead log, foreign keys on, waits for a busy file);
PostgreSQL works through the same code. Every failure of the store leaves this file as
``STORE_UNAVAILABLE``, and the next call tries anew: nothing needs a restart.
"""

from __future__ import annotations

import errno
import math
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    ExceptionContext,
    create_engine,
    event,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, DisconnectionError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from web_image_ocr.identity.files import create_once
from web_image_ocr.identity.tables import FactRow
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_MIGRATIONS = "web_image_ocr.identity:migrations"
# Any number will do, as long as all servers of one PostgreSQL database take the same.
_ADVISORY_LOCK = 0x57494F43
_READERS = 20
"""Connections that read at once: as many as threads that read (``api.credentials``), and a few."""
_WRITERS = 12
"""Connections that write, or wait for it; none of them is one that a reader could use."""
_PROBE_S = 1.0
"""Seconds that a check for readiness waits, on a connection of its own."""
_KEPT_OPEN = 5
"""Connections of each kind that stay open when nothing is to do."""
_PASSING = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CONSTRAINT})
"""Failures of a statement, not of its connection."""


class StoreMissingError(Exception):
    """There is no store yet, and none may be made."""


class Database:
    """Transactions on one store.

    Args:
        url: SQLAlchemy URL.
        wait_seconds: how long to wait for a busy store or a free connection. Readers, writers
            and ``check`` have connections of their own: none of them waits for those of another.
        may_create: make the SQLite file, its folder and the tables where they are missing.

    Raises:
        StoreMissingError: where they are missing and may not be made.
        ServiceError: ``CONFIGURATION_INVALID`` for a URL or a folder that cannot be used or
            a store written by a newer version; ``STORE_UNAVAILABLE``.
    """

    def __init__(self, url: URL | str, wait_seconds: float, *, may_create: bool = True) -> None:
        with _translated():
            parsed = _parsed(url)
            self._readers = _open_engine(parsed, wait_seconds, _READERS, may_create)
            self._writers = _open_engine(parsed, wait_seconds, _WRITERS, may_create)
            self._probe = _open_engine(parsed, min(wait_seconds, _PROBE_S), 1, may_create)
        self._writer = self._writers.execution_options(writes=True)
        try:
            self._migrate(may_create)
        except (ServiceError, StoreMissingError):
            self.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        for engine in self._engines:
            engine.dispose()

    def expect(self, name: str, value: str) -> None:
        """From now on, a file without this fact is another store and does not answer.

        Of SQLite only, whose file can be exchanged under a running server.
        """
        if self._readers.dialect.name != "sqlite":
            return

        def check_fact(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
            query = "SELECT value FROM facts WHERE name = ?"
            try:
                found = connection.execute(query, (name,)).fetchone()
            except sqlite3.Error:
                connection.close()
                raise
            if found != (value,):
                connection.close()
                raise ServiceError(
                    ErrorKind.STORE_UNAVAILABLE, "another store's file is in the store's place"
                )

        for engine in self._engines:
            event.listen(engine, "connect", check_fact)

    def check(self) -> None:
        """Raise ``STORE_UNAVAILABLE`` unless the store answers, within a second if it is locked."""
        with _translated(), Session(self._probe) as session:
            session.execute(select(FactRow.name).limit(1))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that sees one state of the store and changes nothing."""
        with _translated(), Session(self._readers) as session:
            yield session

    @contextmanager
    def writing(self, *, alone: bool = False) -> Iterator[Session]:
        """A session whose changes are kept together when the context ends without error.

        Args:
            alone: wait until no other server is in such a context.
        """
        with (
            _translated(),
            Session(self._writer, expire_on_commit=False) as session,
            session.begin(),
        ):
            if alone:
                _wait_to_be_alone(session.connection())
            yield session

    @property
    def _engines(self) -> tuple[Engine, ...]:
        return self._readers, self._writers, self._probe

    def _migrate(self, may_create: bool) -> None:
        config = Config()
        config.set_main_option("script_location", _MIGRATIONS)
        newest = ScriptDirectory.from_config(config).get_current_head()
        with _translated():
            with self._readers.connect() as connection:
                current = MigrationContext.configure(connection).get_current_revision()
            if current == newest:
                return
            if current is None and not may_create:
                raise StoreMissingError
            with self._writer.begin() as connection:
                _wait_to_be_alone(connection)
                config.attributes["connection"] = connection
                try:
                    command.upgrade(config, "head")
                except CommandError as error:
                    raise ServiceError(
                        ErrorKind.CONFIGURATION_INVALID,
                        f"the store was written by a newer version of this program: {error}",
                    ) from error


@contextmanager
def _translated() -> Iterator[None]:
    """The one place where a failure of the store becomes an error of the service."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        # The driver's words only: SQLAlchemy's own would add the statement's values.
        cause = getattr(error, "orig", None) or error
        detail = f"the store does not answer: {type(cause).__name__}: {cause}"
        raise ServiceError(ErrorKind.STORE_UNAVAILABLE, detail) from None
    except ValueError as error:
        # A damaged row: no such role, no time. Its text would repeat what stands there.
        detail = f"the store holds what cannot be understood: {type(error).__name__}"
        raise ServiceError(ErrorKind.STORE_UNAVAILABLE, detail) from None


def _parsed(url: URL | str) -> URL:
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as error:
        raise _unusable(f"identity.database_url cannot be understood: {error}") from None
    except ValueError:  # its text may hold a part of the password
        raise _unusable("identity.database_url cannot be understood: wrong port") from None
    if backend not in ("sqlite", "postgresql"):
        raise _unusable("identity.database_url must be of sqlite or postgresql")
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise _unusable("identity.database_url must name a file: a store in memory is lost")
    return parsed


def _unusable(detail: str) -> ServiceError:
    return ServiceError(ErrorKind.CONFIGURATION_INVALID, detail)


def _open_engine(url: URL, wait_seconds: float, connections: int, may_create: bool) -> Engine:
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "").absolute()
        _find_file(path, may_create)
        return _open_sqlite(path, wait_seconds, connections)
    return _open_postgresql(url, wait_seconds, connections)


def _open_postgresql(url: URL, wait_seconds: float, connections: int) -> Engine:
    milliseconds = round(wait_seconds * 1000)
    # A machine that is gone without a word, and a lock that another server holds, are waited
    # for as long as any busy store; what the URL says of it goes before.
    waits = {
        "connect_timeout": math.ceil(wait_seconds),
        "tcp_user_timeout": milliseconds,
        "keepalives_idle": math.ceil(wait_seconds),
        "keepalives_interval": 1,
        "options": f"-c lock_timeout={milliseconds}",
    }
    try:
        return create_engine(
            url,
            pool_pre_ping=True,
            **_pool(connections, wait_seconds),
            connect_args={name: wait for name, wait in waits.items() if name not in url.query},
        )
    except ModuleNotFoundError as error:
        raise _unusable(f"PostgreSQL needs the extra 'postgres': {error}") from error


def _find_file(path: Path, may_create: bool) -> None:
    try:
        if may_create:
            create_once(path, _make_sqlite_file)
        else:
            path.stat()
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not may_create:
            raise StoreMissingError from None
        # What stands in the way of a folder "exists", which would be no reason.
        in_the_way = isinstance(error, FileExistsError)
        reason = os.strerror(errno.ENOTDIR) if in_the_way else error.strerror
        raise _unusable(f"the store's folder {path.parent} cannot be used: {reason}") from None


def _open_sqlite(path: Path, wait_seconds: float, connections: int) -> Engine:
    def connect() -> sqlite3.Connection:
        # mode=rw: a store that went away is an error, not an empty store.
        uri = f"file:{quote(str(path))}?mode=rw"
        # The pool hands a connection to one thread at a time. No isolation level: the
        # driver's own transactions begin too late and end too early.
        connection = sqlite3.connect(
            uri, uri=True, timeout=wait_seconds, check_same_thread=False, isolation_level=None
        )
        connection.execute("PRAGMA foreign_keys = ON")
        return connection

    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, **_pool(connections, wait_seconds)
    )

    @event.listens_for(engine, "connect")
    def remember_file(_connection: object, record: ConnectionPoolEntry) -> None:
        record.info["file"] = _state_of(path)

    @event.listens_for(engine, "checkout")
    def check_file(_connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
        # An open connection would go on with a deleted or replaced file unseen.
        # One made while the file could only be read would never write.
        if _state_of(path) != record.info["file"]:
            raise DisconnectionError("the store's file is gone or another one")

    @event.listens_for(engine, "handle_error")
    def let_go(context: ExceptionContext) -> None:
        # What it remembers of a damaged file would outlast the damage.
        code = getattr(context.original_exception, "sqlite_errorcode", None)
        if code is not None and code & 0xFF not in _PASSING:
            context.is_disconnect = True

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes its place at once: one that reads first could be refused when
        # it comes to write, without any waiting.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _pool(connections: int, wait_seconds: float) -> dict[str, Any]:
    kept = min(connections, _KEPT_OPEN)
    return {
        "pool_size": kept,
        "max_overflow": connections - kept,
        "pool_timeout": wait_seconds,
    }


def _state_of(path: Path) -> tuple[int, int, bool] | None:
    """Which file it is, and whether it can be written; None where there is none."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino, os.access(path, os.W_OK)


def _wait_to_be_alone(connection: Connection) -> None:
    # SQLite has one writer at a time: there, every writer is alone.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})


def _make_sqlite_file(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        # Kept in the file: all later connections find it so.
        connection.execute("PRAGMA journal_mode = WAL")
