"""The store: connections, transactions, its newest form, and its failures as one error.

SQLite is the default (write-ahead log, foreign keys on, waits for a busy file);
PostgreSQL works through the same code. Every failure of the store leaves this file as
``DATABASE_UNAVAILABLE``, and the next call tries anew: nothing needs a restart.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    event,
    select,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from web_image_ocr.database.engines import DatabaseMissingError, backup_of, open_engine, parsed_url
from web_image_ocr.database.revisions import DatabaseOutdatedError, Migration, Revisions
from web_image_ocr.database.tables import MetadataRow
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

# Any number will do, as long as all servers of one PostgreSQL database take the same.
_ADVISORY_LOCK = 0x57494F43
_READERS = 20
"""Connections that read at once, beside those of password threads: as many as the other threads
that read (``api.credentials``: 18), and two."""
_WRITERS = 12
"""Connections that write, or wait for it, beside those of password threads: as many as the other
threads that write (8), and four for background work. A reader cannot use them."""
_MIGRATION_WAIT_S = 60.0
"""Seconds that a server waits at its start for another one that migrates the store."""
_PROBE_S = 1.0
"""Seconds that a check for readiness waits, on a connection of its own."""


class Database:
    """Transactions on one store.

    Attributes:
        migration: what was done to the store when it was opened.

    Args:
        url: SQLAlchemy URL.
        wait_seconds: how long to wait for a busy store or a free connection. Readers, writers
            and ``check`` have connections of their own: none of them waits for those of another.
        password_threads: threads that sign users in, and as many that set passwords: each of
            both reads, the latter write.
        may_create: make the SQLite file, its folder and the tables where they are missing.
        may_migrate: bring a store of an older revision to the newest one, after a backup.

    Raises:
        DatabaseMissingError: where they are missing and may not be made.
        DatabaseOutdatedError: for an older revision that may not be migrated.
        ServiceError: ``CONFIGURATION_INVALID`` for a URL or a folder that cannot be used or
            a store written by a newer version; ``DATABASE_UNAVAILABLE``.
    """

    def __init__(
        self,
        url: URL | str,
        wait_seconds: float,
        *,
        password_threads: int = 0,
        may_create: bool = True,
        may_migrate: bool = True,
    ) -> None:
        readers = _READERS + 2 * password_threads
        writers = _WRITERS + password_threads
        with _translated():
            parsed = parsed_url(url)
            self._readers = open_engine(parsed, wait_seconds, readers, may_create)
            self._writers = open_engine(parsed, wait_seconds, writers, may_create)
            self._probe = open_engine(parsed, min(wait_seconds, _PROBE_S), 1, may_create)
        self._writer = self._writers.execution_options(writes=True)
        try:
            self.migration = self._open(parsed, wait_seconds, may_create, may_migrate)
        except (ServiceError, DatabaseMissingError, DatabaseOutdatedError):
            self.close()
            raise

    def close(self) -> None:
        """Close all connections."""
        for engine in self._engines:
            engine.dispose()

    @property
    def is_shared(self) -> bool:
        """Return whether servers on other machines may use the store: PostgreSQL."""
        return self._readers.dialect.name != "sqlite"

    def expect(self, name: str, accepts: Callable[[str], bool]) -> None:
        """From now on, refuse a file without an accepted value of this fact: it is another store.

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
            if found is None or not accepts(found[0]):
                connection.close()
                raise ServiceError(
                    ErrorKind.DATABASE_UNAVAILABLE, "another store's file is in the store's place"
                )

        for engine in self._engines:
            event.listen(engine, "connect", check_fact)

    def check(self) -> None:
        """Raise ``DATABASE_UNAVAILABLE`` unless the database answers within a second."""
        with _translated(), Session(self._probe) as session:
            session.execute(select(MetadataRow.name).limit(1))

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

    def _open(
        self, url: URL, wait_seconds: float, may_create: bool, may_migrate: bool
    ) -> Migration:
        revisions = Revisions()
        with _translated(), self._readers.connect() as connection:
            found = revisions.of(connection)
        if found == revisions.newest:
            return Migration(before=found, after=found)
        if found is None and not may_create:
            raise DatabaseMissingError
        if found is not None and not may_migrate:
            raise DatabaseOutdatedError(found, revisions.newest)
        with _translated():
            engine = open_engine(url, max(wait_seconds, _MIGRATION_WAIT_S), 1, may_create)
            try:
                with engine.execution_options(writes=True).begin() as connection:
                    _wait_to_be_alone(connection)
                    return revisions.upgrade(connection, backup_of(url))
            finally:
                engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    """The one place where a failure of the store becomes an error of the service."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        # The driver's words only: SQLAlchemy's own would add the statement's values.
        cause = getattr(error, "orig", None) or error
        detail = f"the store does not answer: {type(cause).__name__}: {cause}"
        raise ServiceError(ErrorKind.DATABASE_UNAVAILABLE, detail) from None
    except ValueError as error:
        # A damaged row: no such role, no time. Its text would repeat what stands there.
        detail = f"the store holds what cannot be understood: {type(error).__name__}"
        raise ServiceError(ErrorKind.DATABASE_UNAVAILABLE, detail) from None


def _wait_to_be_alone(connection: Connection) -> None:
    # SQLite has one writer at a time: there, every writer is alone.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
