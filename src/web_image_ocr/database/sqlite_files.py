"""Keep the files of an SQLite store private, and copy them.

Threat: other users of the machine read or write the store.
Rule: a file that others may read or write is set to its owner's alone when it is opened, with
those that SQLite puts beside it, which get its mode; copies are made with mode 0600.
What remains open: what others read before.
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
    """Take the rights on a store's files from everybody but their owner, and say so."""
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
            _warn(
                f"other users of this machine may open {file} (mode {mode:04o}), "
                f"and it cannot be changed ({error.strerror}): run chmod 600 as its owner"
            )
        else:
            logger.warning(
                "other users of this machine could open %s (mode %04o): its mode is %04o now",
                file,
                mode,
                mode & _OWNER,
            )


@lru_cache(maxsize=16)
def _warn(text: str) -> None:
    """Say it once, though a server opens many connections."""
    logger.warning("%s", text)


def back_up(path: Path, revision: str) -> Path:
    """Copy a store as it is committed now into one file beside it, mode 0600.

    Call it while nobody else may write, and nobody else make a backup.

    Args:
        path: the store's file.
        revision: of the store; part of the copy's name, with the time.

    Raises:
        ServiceError: ``DATABASE_UNAVAILABLE`` for a store that is damaged.
        OSError: the copy cannot be written.
        sqlite3.Error: the same, or the store cannot be read.
    """
    now = datetime.now(UTC)
    backup = path.with_name(f"{path.name}.backup-{revision}-{now:%Y%m%dT%H%M%SZ}")
    draft = path.with_name(f".{path.name}.backup")
    draft.unlink(missing_ok=True)  # of a server that was killed
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _OWNER))
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(draft)) as copy:
            source.backup(copy)
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise ServiceError(
                ErrorKind.DATABASE_UNAVAILABLE, f"the store is damaged and not migrated: {found}"
            )
        _to_disk(draft)
        draft.replace(backup)
        _to_disk(backup.parent)
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            draft.with_name(draft.name + suffix).unlink(missing_ok=True)
    return backup


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
