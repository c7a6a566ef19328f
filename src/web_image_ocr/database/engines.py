"""Open engines on a store: SQLite files and PostgreSQL, with bounded waits."""

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
"""Connections of each kind that stay open when nothing is to do."""
_PASSING = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CONSTRAINT})
"""Failures of a statement, not of its connection."""


class DatabaseMissingError(Exception):
    """There is no store yet, and none may be made."""


def parsed_url(url: URL | str) -> URL:
    """Return the URL of a store.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` where it cannot be one.
    """
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


def open_engine(url: URL, wait_seconds: float, connections: int, may_create: bool) -> Engine:
    """Return an engine with a pool of its own.

    Args:
        url: as ``parsed_url`` returned it.
        wait_seconds: how long to wait for a busy store or a free connection.
        connections: open at once, at most.
        may_create: make the SQLite file and its folder where they are missing.

    Raises:
        DatabaseMissingError: where they are missing and may not be made.
        ServiceError: ``CONFIGURATION_INVALID``.
    """
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "").absolute()
        _find_file(path, may_create)
        return _open_sqlite(path, wait_seconds, connections)
    return _open_postgresql(url, wait_seconds, connections)


def backup_of(url: URL) -> Callable[[str], Path] | None:
    """Return what copies a store of the given revision; None for PostgreSQL."""
    if url.get_backend_name() != "sqlite":
        return None
    return partial(back_up, Path(url.database or "").absolute())


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
            create_if_missing(path, _make_sqlite_file)
        else:
            path.stat()
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not may_create:
            raise DatabaseMissingError from None
        # What stands in the way of a folder "exists", which would be no reason.
        in_the_way = isinstance(error, FileExistsError)
        reason = os.strerror(errno.ENOTDIR) if in_the_way else error.strerror
        raise _unusable(f"the store's folder {path.parent} cannot be used: {reason}") from None


def _open_sqlite(path: Path, wait_seconds: float, connections: int) -> Engine:
    def connect() -> sqlite3.Connection:
        # mode=rw: a store that went away is an error, not an empty store.
        uri = f"file:{quote(str(path))}?mode=rw"
        keep_private(path)
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
    """Return which file it is and whether it is writable; None if it does not exist."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_dev, found.st_ino, os.access(path, os.W_OK)


def _make_sqlite_file(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        # Kept in the file: all later connections find it so.
        connection.execute("PRAGMA journal_mode = WAL")
