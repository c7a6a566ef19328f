"""Restrict the files of an SQLite database to their owner, and back them up.

Threat: other users of the machine read or write the database.
Rule: when a file is opened that others may read or write, it is restricted to its owner, with the
files that SQLite creates beside it. Backups get mode 0600.
Residual risk: what others read before.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
from contextlib import closing
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from web_image_ocr.primitives.errors import ErrorKind, ServiceError

logger = logging.getLogger(__name__)

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OWNER = stat.S_IRUSR | stat.S_IWUSR


def keep_private(path: Path) -> None:
    """Restrict the files of a database to their owner, and log it."""
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        try:
            mode = stat.S_IMODE(file.stat().st_mode)
            if not mode & _OTHERS:
                continue
            file.chmod(mode & _OWNER)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            _warn_once(
                f"other users of this machine may open {file} (mode {mode:04o}), "
                f"and its mode cannot be changed ({error.strerror}): run chmod 600 as its owner"
            )
        else:
            logger.warning(
                "other users of this machine could open %s (mode %04o): changed its mode to %04o",
                file,
                mode,
                mode & _OWNER,
            )


@lru_cache(maxsize=16)
def _warn_once(text: str) -> None:
    """Log a warning once, although a server opens many connections."""
    logger.warning("%s", text)


def back_up(path: Path, revision: str) -> Path:
    """Copy the committed content of a database into one file beside it, mode 0600.

    The caller excludes concurrent writers and backups.

    Args:
        path: the database file.
        revision: revision of the database; part of the backup's name, with the time.

    Raises:
        ServiceError: ``DATABASE_UNAVAILABLE`` for a damaged database.
        OSError: the copy cannot be written.
        sqlite3.Error: the copy cannot be written, or the database cannot be read.
    """
    now = datetime.now(UTC)
    backup = path.with_name(f"{path.name}.backup-{revision}-{now:%Y%m%dT%H%M%SZ}")
    draft = path.with_name(f".{path.name}.backup")
    draft.unlink(missing_ok=True)  # left by a killed server
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNER))
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(draft)) as copy:
            source.backup(copy)
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise ServiceError(
                ErrorKind.DATABASE_UNAVAILABLE,
                f"the database is damaged and was not migrated: {found}",
            )
        _sync(draft)
        draft.replace(backup)
        _sync(backup.parent)
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            draft.with_name(draft.name + suffix).unlink(missing_ok=True)
    return backup


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
