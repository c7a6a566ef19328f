"""Real faults of a store's SQLite file, over when the context ends."""

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
    """A copy in one file beside the store's, whatever its log of changes holds."""
    copy = path.with_name(f"copy-of-{path.name}")
    copy.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode = WAL")
    copy.chmod(0o600)
    return copy


def damaged_copy(path: Path, *, start: int, end: int | None = None) -> Path:
    """A copy with random bytes from one place to another, or to its end."""
    copy = intact_copy(path)
    damaged = path.with_name(f"damaged-{path.name}")
    shutil.move(copy, damaged)
    with damaged.open("r+b") as file:
        size = os.fstat(file.fileno()).st_size
        file.seek(start)
        file.write(os.urandom((size if end is None else end) - start))
    return damaged


def put_in_place(path: Path, other: Path) -> None:
    """Exchange the store's file, as when a backup is restored."""
    for name in ("-wal", "-shm"):
        path.with_name(path.name + name).unlink(missing_ok=True)
    other.replace(path)


@contextmanager
def exchanged(path: Path, other: Path) -> Iterator[None]:
    """Another file in the store's place."""
    good = intact_copy(path)
    put_in_place(path, other)
    try:
        yield
    finally:
        put_in_place(path, good)


@contextmanager
def read_only(path: Path) -> Iterator[None]:
    """A file that cannot be written, not by root either."""
    put_in_place(path, intact_copy(path))
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
def gone(path: Path) -> Iterator[None]:
    """No file where the store's should be."""
    good = intact_copy(path)
    for name in ("", "-wal", "-shm"):
        path.with_name(path.name + name).unlink(missing_ok=True)
    try:
        yield
    finally:
        put_in_place(path, good)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process keeps the store to itself."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def filled(path: Path) -> Iterator[None]:
    """No byte is left on the small disk that the store is on."""
    if shutil.disk_usage(path.parent).total > 16 * 1024**2:
        pytest.skip("no small disk can be mounted here, and a large one is not filled")
    with closing(sqlite3.connect(path)) as connection:
        # A log of changes that is there already has room for more.
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
def folder_gone(path: Path) -> Iterator[None]:
    """No folder where the store's should be."""
    away = path.parent.with_name("away")
    path.parent.rename(away)
    try:
        yield
    finally:
        away.rename(path.parent)


def _mark(path: Path, flag: str) -> None:
    # Root ignores modes; what is marked immutable it cannot write either.
    done = subprocess.run(["chattr", flag, path], capture_output=True, text=True, check=False)  # noqa: S607
    if done.returncode:
        pytest.skip(f"the file system knows no immutable files: {done.stderr.strip()}")
