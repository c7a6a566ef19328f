"""Read the master key file when it changes, and replace it atomically.

The file has one key per line, 64 hex digits, and mode 0600: one line, or two during a rotation. A
running server checks the file for changes once a second while it needs keys, and at once if no key
matches. A changed file therefore needs neither a restart nor a signal.

Threat: a rotation encrypts with a key that is no longer in the file, or two rotations overwrite
each other's changes.
Rule: a rotation reads the file from disk (``read_durably``) and changes it under a lock
(``rewrite``). The keys in the memory of a server are used for reading only.
Residual risk: programs that write the file without the lock.
"""

from __future__ import annotations

import logging
import re
import secrets
import stat
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from threading import Lock

from web_image_ocr.identity.master_keys.keyring import MasterKey
from web_image_ocr.primitives.atomic_files import (
    create_if_missing,
    locked,
    read_durably,
    replace_durably,
)
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_MASTER_KEY = re.compile(r"[0-9a-f]{64}")
_CHECK_INTERVAL_S = 1.0
_LOCK_WAIT_S = 5.0
"""Time to wait for another command, which holds the lock for milliseconds."""

logger = logging.getLogger(__name__)


class KeyFile:
    """Hold a server's accepted master keys, from a file that may change; thread-safe.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` if the file is missing, unreadable or holds anything
            but master keys. Later, such a file is logged, and the keys read before stay valid.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._refused: frozenset[str] = frozenset()
        self._lock = Lock()
        self._checked_at = time.monotonic()
        self._stat = _stat_of(path)
        self._keys = read_keys(path)
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            logger.warning("the master key %s may be read by other users of this machine", path)

    def refuse(self, fingerprints: Collection[str]) -> None:
        """Reject these keys from now on, even if the file holds them."""
        self._refused = frozenset(fingerprints)
        for key in self._keys:
            if key.fingerprint in self._refused:
                logger.warning(
                    "%s holds the retired master key %s: copy the file from the server where the "
                    "key was rotated, or remove the line",
                    self.path,
                    key.fingerprint[:8],
                )

    def accepted(self) -> tuple[MasterKey, ...]:
        """Return the accepted keys."""
        if time.monotonic() - self._checked_at >= _CHECK_INTERVAL_S:
            self.reread()
        return tuple(key for key in self._keys if key.fingerprint not in self._refused)

    def reread(self) -> None:
        """Read the file if it has changed."""
        with self._lock:
            self._checked_at = time.monotonic()
            stat_now = _stat_of(self.path)
            if stat_now is None or stat_now == self._stat:
                return
            self._stat = stat_now
            try:
                keys = read_keys(self.path)
            except ServiceError as error:
                logger.warning("%s; the keys read before stay valid", error)
                return
            self._keys = keys
        logger.info("master keys read again: %s", ", ".join(_short(keys)))

    def read_durably(self) -> tuple[MasterKey, ...]:
        """Return all keys on disk, including refused ones, after syncing the file.

        Raises:
            ServiceError: ``CONFIGURATION_INVALID``, as ``KeyFile``, or if it cannot be synced.
        """
        with self._lock:
            self._checked_at = time.monotonic()
            stat_now = _stat_of(self.path)
            keys = read_keys(self.path, read_durably)
            self._stat, self._keys = stat_now, keys
        return keys

    def rewrite(self, change: Callable[[tuple[MasterKey, ...]], Sequence[MasterKey]]) -> None:
        """Replace the content of the file durably, under a lock; keep its owner and mode.

        Args:
            change: returns the new keys for those in the file; called more than once. If it
                returns the same keys, the file need not be writable.

        Raises:
            ServiceError: ``CONFIGURATION_INVALID`` if the file cannot be read or replaced,
                ``RECORD_CONFLICT`` while another command changes it.
        """
        held = self.read_durably()
        if tuple(change(held)) == held:
            return
        try:
            with locked(self.path, _LOCK_WAIT_S):
                content = "".join(f"{key.master.hex()}\n" for key in change(self.read_durably()))
                replace_durably(self.path, content.encode())
        except TimeoutError:
            raise ServiceError(
                ErrorKind.RECORD_CONFLICT,
                f"another command has been changing {self.path} for {_LOCK_WAIT_S:.0f} seconds: "
                "run this again when it has ended",
            ) from None
        except OSError as error:
            raise ServiceError(
                ErrorKind.CONFIGURATION_INVALID,
                f"the key file {self.path} cannot be replaced: {error.strerror}; it must hold one "
                f"line for each of the master keys {', '.join(_short(change(held)))}. Where "
                "another program writes the file, add or remove the line there and run this again",
            ) from None
        self.reread()


def create_key_file(path: Path) -> None:
    """Write a random master key unless the file exists.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` if it cannot be written.
    """
    try:
        create_if_missing(path, _write_master_key)
    except OSError as error:
        raise _unreadable(path, error) from error


def random_master_key() -> MasterKey:
    """Return a new master key."""
    return MasterKey(secrets.token_bytes(32))


def read_keys(path: Path, read: Callable[[Path], bytes] = Path.read_bytes) -> tuple[MasterKey, ...]:
    """Return the master keys in the file.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID``, as ``KeyFile``.
    """
    try:
        lines = read(path).decode("ascii").split()
    except FileNotFoundError as error:
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID,
            f"the database is in use, but its master key {path} is missing: restore it",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable(path, error) from error
    if not lines or not all(_MASTER_KEY.fullmatch(line) for line in lines):
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID,
            f"{path} is not a master key: a line of 64 hex digits for each key expected",
        )
    return tuple(MasterKey(bytes.fromhex(line)) for line in dict.fromkeys(lines))


def _unreadable(path: Path, error: Exception) -> ServiceError:
    return ServiceError(
        ErrorKind.CONFIGURATION_INVALID, f"the master key {path} cannot be read: {error}"
    )


def _short(keys: Sequence[MasterKey]) -> list[str]:
    return [key.fingerprint[:8] for key in keys]


def _stat_of(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _write_master_key(path: Path) -> None:
    path.write_text(f"{secrets.token_hex(32)}\n", encoding="ascii")
