"""Inject real faults into an SQLite file; the context removes them."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest


def intact_copy(path: Path) -> Path:
    """Return a copy in one file beside the database, including its write-ahead log."""
    copy = path.with_name(f"copy-of-{path.name}")
    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = WAL")
    copy.chmod(0o600)
    return copy


def corrupted_copy(path: Path, *, start: int, end: int | None = None) -> Path:
    """Return a copy with random bytes in a range, by default to its end."""
    copy = intact_copy(path)
    damaged = path.with_name(f"damaged-{path.name}")
    shutil.move(copy, damaged)
    with damaged.open("r+b") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(start)
        file.write(os.urandom((size if end is None else end) - start))
    return damaged


def replace_database(path: Path, other: Path) -> None:
    """Replace the database file, as when a backup is restored."""
    for name in ("-wal", "-shm"):
        path.with_name(path.name + name).unlink(missing_ok=True)
    other.replace(path)


@contextmanager
def replaced_by(path: Path, other: Path) -> Iterator[None]:
    """Replace the database file by another one."""
    good = intact_copy(path)
    replace_database(path, other)
    try:
        yield
    finally:
        replace_database(path, good)


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    """Make the file read-only, also for root."""
    replace_database(path, intact_copy(path))
    if os.geteuid() == 0:
        _mark(path, "+i")
    else:
        path.chmod(0o400)
    try:
        yield
    finally:
        if os.geteuid() == 0:
            _mark(path, "-i")
        path.chmod(0o600)


@contextmanager
def missing_file(path: Path) -> Iterator[None]:
    """Delete the database file."""
    good = intact_copy(path)
    for name in ("", "-wal", "-shm"):
        path.with_name(path.name + name).unlink(missing_ok=True)
    try:
        yield
    finally:
        replace_database(path, good)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Lock the database exclusively, as another process does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def full_disk(path: Path) -> Iterator[None]:
    """Fill the small disk that holds the database."""
    if shutil.disk_usage(path.parent).total > 16 * 1024**2:
        pytest.skip("no small disk can be mounted here, and a large one is not filled")
    with closing(sqlite3.connect(path)) as connection:
        # An existing write-ahead log would have room for more.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ballast = path.with_name("ballast")
    handle = os.open(ballast, os.O_CREAT | os.O_WRONLY)
    try:
        with contextlib.suppress(OSError):
            while True:
                os.write(handle, b"x" * 512)
        yield
    finally:
        os.close(handle)
        ballast.unlink()


@contextmanager
def missing_folder(path: Path) -> Iterator[None]:
    """Move the folder of the database away."""
    away = path.parent.with_name("away")
    path.parent.rename(away)
    try:
        yield
    finally:
        away.rename(path.parent)


def _mark(path: Path, flag: str) -> None:
    # Root ignores modes, but cannot write an immutable file.
    done = subprocess.run(["chattr", flag, path], capture_output=True, text=True, check=False)  # noqa: S607
    if done.returncode:
        pytest.skip(f"the file system knows no immutable files: {done.stderr.strip()}")
