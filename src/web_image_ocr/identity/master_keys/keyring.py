"""Derive keys from the accepted master keys; encrypt and decrypt secrets.

Threat: an attacker obtains the database, or a copy of it.
Rule: secrets of access keys are stored encrypted (AES-256-GCM, bound to their public half). Tokens
and temporary keys are not stored. HKDF-SHA256 (RFC 5869) derives one key per purpose from the
master keys, which are in a file outside the database. Every master key in the file decrypts and
verifies; the database names the key that encrypts and signs (``state``).
Residual risk: an attacker who reads ``master.key`` and the database can sign for every user.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Protocol, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_NONCE_BYTES = 12

Result = TypeVar("Result")


class SecretCipher:
    """Encrypt and authenticate small secrets with AES-256-GCM.

    Args:
        key: 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def encrypt(self, plain: bytes, bound_to: bytes) -> bytes:
        """Return nonce and ciphertext; ``bound_to`` is the associated data."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, bound_to)

    def decrypt(self, encrypted: bytes, bound_to: bytes) -> bytes | None:
        """Return the plaintext, or None if another key encrypted it or it was altered."""
        nonce, content = encrypted[:_NONCE_BYTES], encrypted[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, content, bound_to)
        except (InvalidTag, ValueError):
            return None


class MasterKey:
    """Hold one master key and the keys derived from it.

    Attributes:
        master: the key, as in the file.
        fingerprint: 32 hex digits that identify the master key without revealing it.
        token_key: 32 bytes, signs tokens.
        key_secrets: encrypts the secrets of access keys.
        temporary_keys: encrypts temporary keys into their security tokens.

    Args:
        master: 32 random bytes.
    """

    def __init__(self, master: bytes) -> None:
        self.master = master
        self.fingerprint = _derived(master, "fingerprint").hex()[:32]
        self.token_key = _derived(master, "tokens")
        self.key_secrets = SecretCipher(_derived(master, "key secrets"))
        self.temporary_keys = SecretCipher(_derived(master, "temporary keys"))


class KeySource(Protocol):
    """Provide the accepted master keys; a server uses ``KeyFile``."""

    def accepted(self) -> tuple[MasterKey, ...]:
        """Return the accepted master keys; does not read the database."""

    def reread(self) -> None:
        """Read the keys again now."""


class Keyring:
    """Hold the accepted master keys of one installation.

    Args:
        source: provides the accepted keys.
        in_use: returns the fingerprint of the key that encrypts and signs, from the database.
        cached_in_use: returns the same from a cache of a few seconds.
    """

    def __init__(
        self, source: KeySource, in_use: Callable[[], str], cached_in_use: Callable[[], str]
    ) -> None:
        self._source = source
        self._in_use = in_use
        self._cached_in_use = cached_in_use

    @classmethod
    def of(cls, master: bytes) -> Keyring:
        """Return a keyring of one key that is never rotated."""
        key = MasterKey(master)
        return cls(_SingleKey(key), lambda: key.fingerprint, lambda: key.fingerprint)

    def find(self, fingerprint: str) -> MasterKey | None:
        """Return the accepted master key of this fingerprint."""
        return self.first(lambda key: key if key.fingerprint == fingerprint else None)

    def key(self, fingerprint: str) -> MasterKey:
        """Return the accepted master key of this fingerprint.

        Raises:
            ServiceError: ``DATABASE_UNAVAILABLE`` if the file does not hold it.
        """
        found = self.find(fingerprint)
        if found is None:
            raise ServiceError(
                ErrorKind.DATABASE_UNAVAILABLE,
                f"this server's key file lacks the database's master key {fingerprint[:8]}: copy "
                "the file from the server where the key was rotated",
            )
        return found

    def in_use(self) -> MasterKey:
        """Return the key that signs; lags behind the database by the cache's time to live.

        Raises:
            ServiceError: as ``key``; ``DATABASE_UNAVAILABLE``.
        """
        return self.find(self._cached_in_use()) or self.key(self._in_use())

    def first(self, attempt: Callable[[MasterKey], Result | None]) -> Result | None:
        """Return the first result that is not None; if there is none, reread the keys and retry."""
        keys = self._source.accepted()
        result = _first(keys, attempt)
        if result is None:
            self._source.reread()
            # Compared, because another thread may have read the new keys meanwhile.
            reread = self._source.accepted()
            if reread != keys:
                result = _first(reread, attempt)
        return result

    def decrypt_key_secret(self, encrypted: bytes, access: str) -> str | None:
        """Return the secret half of an access key, or None if no accepted key decrypts it."""
        bound_to = access.encode()
        plain = self.first(lambda key: key.key_secrets.decrypt(encrypted, bound_to))
        return None if plain is None else plain.decode()


class _SingleKey:
    """Provide one key that never changes."""

    def __init__(self, key: MasterKey) -> None:
        self._keys = (key,)

    def accepted(self) -> tuple[MasterKey, ...]:
        """Return the one key."""
        return self._keys

    def reread(self) -> None:
        """Do nothing: the key stays."""


def _first(
    keys: tuple[MasterKey, ...], attempt: Callable[[MasterKey], Result | None]
) -> Result | None:
    for key in keys:
        result = attempt(key)
        if result is not None:
            return result
    return None


def _derived(master: bytes, purpose: str) -> bytes:
    info = f"web-image-ocr {purpose}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(master)
