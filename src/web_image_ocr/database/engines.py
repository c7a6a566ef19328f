"""Create SQLAlchemy engines for SQLite and PostgreSQL, with bounded waits."""

from __future__ import annotations

import errno
import math
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError, NoSuchModuleError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from web_image_ocr.database.sqlite_files import back_up, keep_private
from web_image_ocr.primitives.atomic_files import create_if_missing
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_KEPT_OPEN = 5
"""Idle connections of each pool that stay open."""
_STATEMENT_ERRORS = frozenset(
    {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CONSTRAINT}
)
"""SQLite errors that leave the connection usable."""


class DatabaseMissingError(Exception):
    """Signal that the database is missing and must not be created."""


def parsed_url(url: URL | str) -> URL:
    """Return the parsed URL of a database.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` for an invalid or unsupported URL.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as error:
        raise _unusable(f"identity.database_url cannot be parsed: {error}") from None
    except ValueError:  # its message may contain part of the password
        raise _unusable("identity.database_url cannot be parsed: invalid port") from None
    if backend not in ("sqlite", "postgresql"):
        raise _unusable("identity.database_url must be of sqlite or postgresql")
    if backend == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise _unusable(
            "identity.database_url must name a file: an in-memory database would be lost"
        )
    return parsed


def _unusable(detail: str) -> ServiceError:
    return ServiceError(ErrorKind.CONFIGURATION_INVALID, detail)


def open_engine(url: URL, wait_seconds: float, connections: int, may_create: bool) -> Engine:
    """Return an engine with a connection pool.

    Args:
        url: as ``parsed_url`` returned it.
        wait_seconds: time to wait for a busy database or a free connection.
        connections: maximum number of open connections.
        may_create: create the SQLite file and its folder if they are missing.

    Raises:
        DatabaseMissingError: if they are missing and must not be created.
        ServiceError: ``CONFIGURATION_INVALID``.
    """
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "").absolute()
        _ensure_file(path, may_create)
        return _open_sqlite(path, wait_seconds, connections)
    return _open_postgresql(url, wait_seconds, connections)


def backup_of(url: URL) -> Callable[[str], Path] | None:
    """Return the function that backs up a database; None for PostgreSQL."""
    if url.get_backend_name() != "sqlite":
        return None
    return partial(back_up, Path(url.database or "").absolute())


def _open_postgresql(url: URL, wait_seconds: float, connections: int) -> Engine:
    milliseconds = round(wait_seconds * 1000)
    # A machine that vanished, and a lock of another server, are waited for as long as a busy
    # database. Values in the URL take precedence.
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


def _ensure_file(path: Path, may_create: bool) -> None:
    try:
        if may_create:
            create_if_missing(path, _make_sqlite_file)
        else:
            path.stat()
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not may_create:
            raise DatabaseMissingError from None
        # "File exists" would not explain why a folder cannot be created.
        in_the_way = isinstance(error, FileExistsError)
        reason = os.strerror(errno.ENOTDIR) if in_the_way else error.strerror
        raise _unusable(f"the database folder {path.parent} cannot be used: {reason}") from None


def _open_sqlite(path: Path, wait_seconds: float, connections: int) -> Engine:
    def connect() -> sqlite3.Connection:
        # mode=rw: a deleted file is an error, not an empty database.
        uri = f"file:{quote(str(path))}?mode=rw"
        keep_private(path)
        # The pool gives a connection to one thread at a time. No isolation level: the driver's
        # implicit transactions begin too late and end too early.
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
        record.info["file"] = _identity_of(path)

    @event.listens_for(engine, "checkout")
    def check_file(_connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
        # An open connection would keep using a deleted or replaced file.
        # One opened while the file was read-only would never write.
        if _identity_of(path) != record.info["file"]:
            raise DisconnectionError("the database file was deleted or replaced")

    @event.listens_for(engine, "handle_error")
    def invalidate_on_damage(context: ExceptionContext) -> None:
        # Cached pages of a damaged file would outlast its repair.
        code = getattr(context.original_exception, "sqlite_errorcode", None)
        if code is not None and code & 0xFF not in _STATEMENT_ERRORS:
            context.is_disconnect = True

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer locks at once: a transaction that reads first could fail without waiting
        # when it begins to write.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _pool(connections: int, wait_seconds: float) -> dict[str, Any]:
    kept = min(connections, _KEPT_OPEN)
    return {"pool_size": kept, "max_overflow": connections - kept, "pool_timeout": wait_seconds}


def _identity_of(path: Path) -> tuple[int, int, bool] | None:
    """Return device, inode and whether the file is writable; None if it does not exist."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino, os.access(path, os.W_OK)


def _make_sqlite_file(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        # Persistent: all later connections use it.
        connection.execute("PRAGMA journal_mode = WAL")
