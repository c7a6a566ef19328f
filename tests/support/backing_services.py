"""Run PostgreSQL and Redis as local processes on Unix sockets."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

_START_LIMIT_S = 60.0
_DATABASE_USER = "postgres"
_DEBIAN_FOLDERS = Path("/usr/lib/postgresql")


class BackingService(ABC):
    """Control a program that can be stopped, killed and restarted on the same folder."""

    def __init__(self, folder: Path, command: Sequence[str], user: str | None = None) -> None:
        self.folder = folder
        self._command = command
        self._as_user: dict[str, Any] = (
            {"user": user, "group": user, "extra_groups": []} if user else {}
        )
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def accepts_connections(self) -> bool:
        """Return whether it accepts connections."""

    def start(self) -> None:
        """Start it and wait until it accepts connections."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, **self._as_user
            )
        end = time.monotonic() + _START_LIMIT_S
        while not self.accepts_connections():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.05)

    def send(self, number: signal.Signals) -> None:
        """Send a signal to the process."""
        assert self._process
        self._process.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Stop it by a signal and wait until it exits."""
        if self._process:
            self.send(number)
            self._process.wait(timeout=60)
            self._process = None


class Redis(BackingService):
    """Run a Redis without persistence."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis"
        memory_only = ("--save", "", "--appendonly", "no", "--dir", str(folder))
        super().__init__(
            folder, ("redis-server", "--port", "0", "--unixsocket", str(self.socket), *memory_only)
        )

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def accepts_connections(self) -> bool:
        said = subprocess.run(
            ["redis-cli", "-s", str(self.socket), "ping"],  # noqa: S607
            capture_output=True,
            check=False,
        )
        return said.stdout == b"PONG\n"


class Postgres(BackingService):
    """Run a PostgreSQL cluster with one user and no password."""

    def __init__(self, folder: Path, programs: Path) -> None:
        user = "postgres" if os.getuid() == 0 else None  # PostgreSQL refuses to be run by root
        if user:
            shutil.chown(folder, user, user)
        data = folder / "data"
        quick = ("-c", "fsync=off", "-c", "listen_addresses=", "-k", str(folder))
        super().__init__(
            folder,
            (str(programs / "postgres"), "-D", str(data), *quick),
            user,
        )
        subprocess.run(
            [
                *(str(programs / "initdb"), "-D", str(data), "-U", _DATABASE_USER, "-A", "trust"),
                *("-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"),
            ],
            check=True,
            capture_output=True,
            **self._as_user,
        )

    def url(self, database: str = "postgres") -> str:
        """Return the SQLAlchemy URL of a database."""
        return f"postgresql+psycopg://{_DATABASE_USER}@/{database}?host={self.folder}"

    def run(self, statement: str) -> None:
        """Run a statement outside a transaction."""
        with self._connect(autocommit=True) as connection:
            connection.execute(statement.encode())

    @contextlib.contextmanager
    def holding(self, statement: str) -> Iterator[None]:
        """Run a statement and hold its transaction, with its locks, until the end of the block."""
        with self._connect() as connection:
            connection.execute(statement.encode())
            yield

    def accepts_connections(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self, *, autocommit: bool = False) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(
            host=str(self.folder),
            user=_DATABASE_USER,
            dbname="postgres",
            autocommit=autocommit,
            connect_timeout=2,
        )


@contextlib.contextmanager
def running_redis() -> Iterator[Redis]:
    """Run a Redis; skip the test if it is not installed."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with _short_folder() as folder, _started(Redis(folder)) as redis:
        yield redis


@contextlib.contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Run a PostgreSQL; skip the test if it is not installed."""
    found = shutil.which("initdb")
    folders = sorted(_DEBIAN_FOLDERS.glob("*/bin"), key=lambda path: int(path.parent.name))
    if found is None and not folders:
        pytest.skip("PostgreSQL is not installed")
    programs = folders[-1] if folders else Path(str(found)).resolve().parent
    with _short_folder() as folder, _started(Postgres(folder, programs)) as postgres:
        yield postgres


@contextlib.contextmanager
def _started(service: Any) -> Iterator[Any]:
    try:
        service.start()
        yield service
    finally:
        with contextlib.suppress(ProcessLookupError):
            service.send(signal.SIGCONT)
        service.end()


@contextlib.contextmanager
def _short_folder() -> Iterator[Path]:
    """Create a folder with a short path: socket paths are limited to 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="web-image-ocr-") as name:
        yield Path(name)
