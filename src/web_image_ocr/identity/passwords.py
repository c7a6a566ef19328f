"""Password hashes: argon2id, a bounded number of them at the same time."""

from __future__ import annotations

import base64
import secrets
import string
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore

import argon2

from web_image_ocr.primitives.errors import ErrorKind, ServiceError

HASH_COST = argon2.profiles.RFC_9106_LOW_MEMORY
"""Second recommended option of RFC 9106: 64 MiB, three passes, four lanes."""

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1024
_GENERATED_LENGTH = 24
_ALPHABET = string.ascii_letters + string.digits


class Hasher:
    """Computes and compares hashes; only to be had in a turn of ``PasswordHashes``."""

    def __init__(self) -> None:
        self._argon2 = argon2.PasswordHasher.from_parameters(HASH_COST)
        self._nobody = _hash_of_nothing(HASH_COST)

    def hash(self, password: str) -> str:
        """The hash in its encoded form, with parameters and salt."""
        return self._argon2.hash(password)

    def matches(self, encoded: str | None, password: str) -> bool:
        """Whether the password has this hash.

        Args:
            encoded: the hash; None, for a user who does not exist, takes as long and
                never matches.
            password: as typed.
        """
        try:
            self._argon2.verify(encoded or self._nobody, password)
        except (argon2.exceptions.VerificationError, argon2.exceptions.InvalidHashError):
            return False
        return encoded is not None


class PasswordHashes:
    """Hands out turns, so that many sign-ins at once do not take all memory and cores.

    Args:
        at_once: turns at the same time.
    """

    def __init__(self, at_once: int) -> None:
        self._hasher = Hasher()
        self._turns = BoundedSemaphore(at_once)

    @contextmanager
    def turn(self) -> Iterator[Hasher]:
        """Wait for a turn and have it while the context lasts."""
        with self._turns:
            yield self._hasher


def check_new_password(password: str) -> None:
    """Raise ``IDENTITY_REQUEST_INVALID`` unless it may become somebody's password."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise ServiceError(
            ErrorKind.IDENTITY_REQUEST_INVALID,
            f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters",
        )
    if "\0" in password:  # nobody could sign in with it
        raise ServiceError(ErrorKind.IDENTITY_REQUEST_INVALID, "a password has no zero character")


def generated_password() -> str:
    """A random password of 24 letters and digits, 142 bits."""
    return random_text(_ALPHABET, _GENERATED_LENGTH)


def random_text(alphabet: str, length: int) -> str:
    """Characters of the alphabet, drawn by the system's secure random source."""
    return "".join(secrets.choice(alphabet) for _ in range(length))


def _hash_of_nothing(parameters: argon2.Parameters) -> str:
    salt = _unpadded(secrets.token_bytes(parameters.salt_len))
    digest = _unpadded(secrets.token_bytes(parameters.hash_len))
    cost = f"m={parameters.memory_cost},t={parameters.time_cost},p={parameters.parallelism}"
    return f"$argon2id$v={parameters.version}${cost}${salt}${digest}"


def _unpadded(raw: bytes) -> str:
    return base64.b64encode(raw).decode().rstrip("=")
