"""Password hashes: argon2id, a bounded number of them at the same time, at low priority."""

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

LESS_NICE = 10
"""Added to the nice value of the threads that hash: recognition goes first. Not 19: under full
load a sign-in would take many seconds."""

MIN_PASSWORD_LENGTH = 8
MAX_PASSWORD_LENGTH = 1024
_GENERATED_LENGTH = 24
_ALPHABET = string.ascii_letters + string.digits


class Hasher:
    """Judge new passwords and compute hashes; only available in a turn of ``HasherPool``.

    Args:
        threads: where this happens, at low priority.
    """

    def __init__(self, threads: Executor) -> None:
        self._threads = threads
        self._argon2 = argon2.PasswordHasher.from_parameters(HASH_COST)
        self._nobody = _hash_of_nothing(HASH_COST)

    def hash(self, password: str) -> str:
        """The hash in its encoded form, with parameters and salt."""
        return self._threads.submit(self._argon2.hash, password).result()

    def hash_new(self, password: str, *names: str) -> str:
        """Return the hash of a password that somebody chose.

        Args:
            password: as ``check_format`` accepts it.
            names: as for ``check_strength``.

        Raises:
            ServiceError: ``IDENTITY_REQUEST_INVALID`` when it is easy to guess.
        """
        self._threads.submit(check_strength, password, names).result()
        return self.hash(password)

    def matches(self, encoded: str | None, password: str) -> bool:
        """Whether the password has this hash.

        Args:
            encoded: the hash; None, for a user who does not exist, takes as long and
                never matches.
            password: as typed.
        """
        try:
            self._threads.submit(self._argon2.verify, encoded or self._nobody, password).result()
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
        return encoded is not None


class HasherPool:
    """Hands out turns, so that many sign-ins at once do not take all memory and cores.

    Attributes:
        at_once: turns at the same time.

    Args:
        at_once: turns at the same time; 0 means one for every four cores, since each hash
            has four lanes, and at least one.
    """

    def __init__(self, at_once: int) -> None:
        self.at_once = at_once or max(1, available_cores() // HASH_COST.parallelism)
        # The threads of the lanes are made by these, and inherit their nice value.
        self._threads = ThreadPoolExecutor(
            self.at_once, thread_name_prefix="password-hash", initializer=_lower_priority
        )
        self._hasher = Hasher(self._threads)
        self._turns = BoundedSemaphore(self.at_once)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=False)

    @contextmanager
    def turn(self) -> Iterator[Hasher]:
        """Wait for a turn and have it while the context lasts."""
        with self._turns:
            yield self._hasher


def check_format(password: str) -> None:
    """Raise ``IDENTITY_REQUEST_INVALID`` unless length and characters are those of a password."""
    if not MIN_PASSWORD_LENGTH <= len(password) <= MAX_PASSWORD_LENGTH:
        raise ServiceError(
            ErrorKind.IDENTITY_REQUEST_INVALID,
            f"a password has {MIN_PASSWORD_LENGTH} to {MAX_PASSWORD_LENGTH} characters",
        )
    if "\0" in password:  # nobody could sign in with it
        raise ServiceError(ErrorKind.IDENTITY_REQUEST_INVALID, "a password has no zero character")
    try:
        password.encode()
    except UnicodeEncodeError:
        raise ServiceError(
            ErrorKind.IDENTITY_REQUEST_INVALID, "a password is valid Unicode text"
        ) from None


def generated_password() -> str:
    """A random password of 24 letters and digits, 142 bits."""
    return random_text(_ALPHABET, _GENERATED_LENGTH)


def random_text(alphabet: str, length: int) -> str:
    """Characters of the alphabet, drawn by the system's secure random source."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def _lower_priority() -> None:
    """Let other threads go first, where the system has a nice value for each thread."""
    thread = threading.get_native_id()
    with suppress(OSError):
        nice = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, nice + LESS_NICE)


def _hash_of_nothing(parameters: argon2.Parameters) -> str:
    salt = _unpadded(secrets.token_bytes(parameters.salt_len))
    digest = _unpadded(secrets.token_bytes(parameters.hash_len))
    cost = f"m={parameters.memory_cost},t={parameters.time_cost},p={parameters.parallelism}"
    return f"$argon2id$v={parameters.version}${cost}${salt}${digest}"


def _unpadded(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")
