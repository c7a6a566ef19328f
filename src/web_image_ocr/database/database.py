"""Open the database, migrate it, run transactions, and translate its failures.

SQLite is the default (write-ahead log, foreign keys on, busy timeout). PostgreSQL uses the same
code. Every failure leaves this module as ``DATABASE_UNAVAILABLE``. The next call tries again, so
no failure needs a restart.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import URL, Connection, Engine, event, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

from web_image_ocr.database.engines import DatabaseMissingError, backup_of, open_engine, parsed_url
from web_image_ocr.database.revisions import DatabaseOutdatedError, Migration, Revisions
from web_image_ocr.database.tables import MetadataRow
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_ADVISORY_LOCK = 0x57494F43
"""Key of the PostgreSQL advisory lock; arbitrary, but the same in all servers."""
_READERS = 20
"""Concurrent connections for reading, besides those of password threads: one for each other thread
that reads (``api.credentials``: 18), and two spare ones."""
_WRITERS = 12
"""Concurrent connections for writing, besides those of password threads: one for each other thread
that writes (8), and four for background tasks. Readers cannot use them."""
_MIGRATION_WAIT_S = 60.0
"""Time that a starting server waits for another one to migrate the database."""
_PROBE_S = 1.0
"""Time that a readiness probe waits, on its dedicated connection."""


class Database:
    """Run transactions on one database.

    Attributes:
        migration: what was migrated when the database was opened.

    Args:
        url: SQLAlchemy URL.
        wait_seconds: time to wait for a busy database or a free connection. Readers, writers and
            ``check`` have separate connection pools, so none waits for another.
        password_threads: number of threads that sign users in, and number of threads that set
            passwords. Both kinds read, the latter also write.
        may_create: create the SQLite file, its folder and the tables if they are missing.
        may_migrate: migrate a database of an older revision, after a backup.

    Raises:
        DatabaseMissingError: if they are missing and must not be created.
        DatabaseOutdatedError: for an older revision that must not be migrated.
        ServiceError: ``CONFIGURATION_INVALID`` for an unusable URL or folder or a database
            written by a newer version; ``DATABASE_UNAVAILABLE``.
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
        """Return whether other machines may use the database: true for PostgreSQL."""
        return self._readers.dialect.name != "sqlite"

    def require_metadata(self, name: str, accepts: Callable[[str], bool]) -> None:
        """Refuse new connections unless this metadata has an accepted value.

        For SQLite only, whose file can be replaced by that of another database at runtime.
        """
        if self._readers.dialect.name != "sqlite":
            return

        def check_metadata(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
            query = "SELECT value FROM facts WHERE name = ?"
            try:
                found = connection.execute(query, (name,)).fetchone()
            except sqlite3.Error:
                connection.close()
                raise
            if found is None or not accepts(found[0]):
                connection.close()
                raise ServiceError(
                    ErrorKind.DATABASE_UNAVAILABLE, "the file is that of another database"
                )

        for engine in self._engines:
            event.listen(engine, "connect", check_metadata)

    def check(self) -> None:
        """Raise ``DATABASE_UNAVAILABLE`` unless the database answers within a second."""
        with _translated(), Session(self._probe) as session:
            session.execute(select(MetadataRow.name).limit(1))

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Yield a read-only session with a consistent snapshot."""
        with _translated(), Session(self._readers) as session:
            yield session

    @contextmanager
    def writing(self, *, exclusive: bool = False) -> Iterator[Session]:
        """Yield a session that commits if the context ends without an exception.

        Args:
            exclusive: wait until no other server is in an exclusive transaction.
        """
        with (
            _translated(),
            Session(self._writer, expire_on_commit=False) as session,
            session.begin(),
        ):
            if exclusive:
                _lock_exclusively(session.connection())
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
                    _lock_exclusively(connection)
                    return revisions.upgrade(connection, backup_of(url))
            finally:
                engine.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    """Translate database failures to ``ServiceError``."""
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        # The driver's message only: that of SQLAlchemy contains the statement's values.
        cause = getattr(error, "orig", None) or error
        detail = f"the database is unavailable: {type(cause).__name__}: {cause}"
        raise ServiceError(ErrorKind.DATABASE_UNAVAILABLE, detail) from None
    except ValueError as error:
        # A corrupt row, such as an unknown role. The message would repeat its values.
        detail = f"the database has a corrupt row: {type(error).__name__}"
        raise ServiceError(ErrorKind.DATABASE_UNAVAILABLE, detail) from None


def _lock_exclusively(connection: Connection) -> None:
    # In SQLite, every write transaction is exclusive.
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
