"""Hash passwords with argon2id, with bounded concurrency and at low priority."""

from __future__ import annotations

import base64
import os
import secrets
import string
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import BoundedSemaphore

import argon2

from web_image_ocr.identity.password_strength import check_strength
from web_image_ocr.primitives.cpu import available_cores
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

HASH_COST = argon2.profiles.RFC_9106_LOW_MEMORY
"""Second recommended option of RFC 9106: 64 MiB, three passes, four lanes."""

NICE_INCREMENT = 10
"""Added to the nice value of the hashing threads: recognition has priority. With 19, a sign-in
under full load would take many seconds."""

MIN_PASSWORD_LENGTH = 8
MAX_PASSWORD_LENGTH = 1024
_GENERATED_LENGTH = 24
_ALPHABET = string.ascii_letters + string.digits


class Hasher:
    """Check new passwords and compute hashes; acquired from a slot of ``HasherPool``.

    Args:
        threads: run the hashes at low priority.
    """

    def __init__(self, threads: Executor) -> None:
        self._threads = threads
        self._argon2 = argon2.PasswordHasher.from_parameters(HASH_COST)
        self._unmatchable = _unmatchable_hash(HASH_COST)

    def hash(self, password: str) -> str:
        """Return the encoded hash, with parameters and salt."""
        return self._threads.submit(self._argon2.hash, password).result()

    def hash_new(self, password: str, *names: str) -> str:
        """Return the hash of a password that a user chose.

        Raises:
            ServiceError: ``IDENTITY_REQUEST_INVALID`` if it is easy to guess.
        """
        self._threads.submit(check_strength, password, names).result()
        return self.hash(password)

    def matches(self, encoded: str | None, password: str) -> bool:
        """Return whether the password has this hash.

        Args:
            encoded: the hash; None, for a user who does not exist, takes as long and
                never matches.
            password: as typed.
        """
        try:
            self._threads.submit(
                self._argon2.verify, encoded or self._unmatchable, password
            ).result()
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
        return encoded is not None


class HasherPool:
    """Bound the number of concurrent hashes, so that sign-ins do not take all memory and cores.

    Attributes:
        size: number of concurrent hashes.

    Args:
        size: number of concurrent hashes; 0 means one for every four cores, since each hash
            has four lanes, and at least one.
    """

    def __init__(self, size: int) -> None:
        self.size = size or max(1, available_cores() // HASH_COST.parallelism)
        # Threads of the lanes inherit the nice value of these threads, which create them.
        self._threads = ThreadPoolExecutor(
            self.size, thread_name_prefix="password-hash", initializer=_lower_priority
        )
        self._hasher = Hasher(self._threads)
        self._slots = BoundedSemaphore(self.size)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False)

    @contextmanager
    def slot(self) -> Iterator[Hasher]:
        """Wait for a free slot and hold it for the duration of the context."""
        with self._slots:
            yield self._hasher


def check_format(password: str) -> None:
    """Raise ``IDENTITY_REQUEST_INVALID`` unless length and characters are valid."""
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        raise ServiceError(
            ErrorKind.IDENTITY_REQUEST_INVALID,
            f"a password has {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters",
        )
    if "\0" in password:  # the sign-in rejects it
        raise ServiceError(ErrorKind.IDENTITY_REQUEST_INVALID, "a password has no zero character")
    try:
        password.encode()
    except UnicodeEncodeError:
        raise ServiceError(
            ErrorKind.IDENTITY_REQUEST_INVALID, "a password is valid Unicode text"
        ) from None


def generated_password() -> str:
    """Return a random password of 24 letters and digits, 142 bits."""
    return random_text(_ALPHABET, _GENERATED_LENGTH)


def random_text(alphabet: str, length: int) -> str:
    """Return characters of the alphabet from a cryptographically secure random source."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def _lower_priority() -> None:
    """Raise the nice value of this thread, on systems where each thread has one."""
    thread = threading.get_native_id()
    with suppress(OSError):
        nice = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, nice + NICE_INCREMENT)


def _unmatchable_hash(parameters: argon2.Parameters) -> str:
    salt = _unpadded(secrets.token_bytes(parameters.salt_len))
    digest = _unpadded(secrets.token_bytes(parameters.hash_len))
    cost = f"m={parameters.memory_cost},t={parameters.time_cost},p={parameters.parallelism}"
    return f"$argon2id$v={parameters.version}${cost}${salt}${digest}"


def _unpadded(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")
