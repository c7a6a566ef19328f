"""Read the file of the master keys when it changes; replace it as a whole.

One key a line, 64 hex digits, mode 0600; one line outside a rotation, two during it. A running
server looks at the file's state at most once a second while it is asked for keys, and at once
when no key fits. So a changed file needs neither a restart nor a signal.

Threat: a rotation encrypts with a key that was in the file a moment ago, or two of them rewrite
the file from what they read before.
Rule: a rotation reads the file from disk (``read_durably``) and changes it under a lock
(``rewrite``); what a server remembers is good for reading only.
What remains open: programs that write the file without the lock.
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
_LOOK_EVERY_S = 1.0
_LOCK_WAIT_S = 5.0
"""Seconds to wait for another command, which holds the lock for some milliseconds."""

logger = logging.getLogger(__name__)


class KeyFile:
    """Hold a server's accepted master keys, from a file that may change; safe for many threads.

    Args:
        path: the file.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` when the file is missing, unreadable or holds
            something other than master keys. Later, the keys read before stay in force.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._refused: frozenset[str] = frozenset()
        self._lock = Lock()
        self._looked_at = time.monotonic()
        self._state = _state_of(path)
        self._keys = read_keys(path)
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            logger.warning("the master key %s may be read by other users of this machine", path)

    def refuse(self, fingerprints: Collection[str]) -> None:
        """Accept these keys no more, even if the file holds them."""
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
        if time.monotonic() - self._looked_at >= _LOOK_EVERY_S:
            self.reread()
        return tuple(key for key in self._keys if key.fingerprint not in self._refused)

    def reread(self) -> None:
        """Read the file if it has changed."""
        with self._lock:
            self._looked_at = time.monotonic()
            state = _state_of(self.path)
            if state is None or state == self._state:
                return
            self._state = state
            try:
                keys = read_keys(self.path)
            except ServiceError as error:
                logger.warning("%s; the keys read before stay in force", error)
                return
            self._keys = keys
        logger.info("master keys read again: %s", ", ".join(_short(keys)))

    def read_durably(self) -> tuple[MasterKey, ...]:
        """Return all keys on disk, the refused ones as well; they survive a power failure.

        Raises:
            ServiceError: ``CONFIGURATION_INVALID``, as ``KeyFile``, or when they may not survive.
        """
        with self._lock:
            self._looked_at = time.monotonic()
            state = _state_of(self.path)
            keys = read_keys(self.path, read_durably)
            self._state, self._keys = state, keys
        return keys

    def rewrite(self, change: Callable[[tuple[MasterKey, ...]], Sequence[MasterKey]]) -> None:
        """Change the content of the file, durably and with its owner and mode; nobody else may.

        Args:
            change: returns the new keys for those in the file; called more than once. A file
                that it leaves as it is need not be writable.

        Raises:
            ServiceError: ``CONFIGURATION_INVALID`` when the file cannot be read or replaced,
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
    """Write a random master key unless the file is there.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` when it cannot be written.
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

    Args:
        path: the file.
        read: returns its content.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID``, as ``KeyFile``.
    """
    try:
        lines = read(path).decode("ascii").split()
    except FileNotFoundError as error:
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID,
            f"the store is in use, but its master key {path} is missing: put it back",
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


def _state_of(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _write_master_key(path: Path) -> None:
    path.write_text(f"{secrets.token_hex(32)}\n", encoding="ascii")
