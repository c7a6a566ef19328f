"""The master key and what is derived from it.

Threat: somebody gets hold of the store, or of a copy of it.
Rule: secrets of access keys are in the store sealed only (AES-256-GCM, bound to their
public half), tokens and temporary keys are not in it at all, and all keys come from one
file beside it, by HKDF-SHA256 (RFC 5869) with a purpose each.
What remains open: who reads ``master.key`` and the store can sign for everybody.
"""

from __future__ import annotations

import logging
import re
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from web_image_ocr.identity.files import create_once
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_NONCE_BYTES = 12
_MASTER_KEY = re.compile(r"[0-9a-f]{64}")

logger = logging.getLogger(__name__)


class Seal:
    """Encrypts small secrets so that changes are noticed (AES-256-GCM).

    Args:
        key: 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def close(self, plain: bytes, bound_to: bytes) -> bytes:
        """The sealed bytes; they open only together with the same ``bound_to``."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, bound_to)

    def open(self, sealed: bytes, bound_to: bytes) -> bytes | None:
        """What was sealed, or None when it was not sealed here or was altered."""
        nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, content, bound_to)
        except (InvalidTag, ValueError):
            return None


class Keyring:
    """The keys of one installation.

    Attributes:
        fingerprint: 32 hex digits that tell this master key from others and reveal
            nothing of it.
        token_key: 32 bytes, signs tokens.
        key_secrets: seals the secrets of access keys.
        temporary_keys: seals temporary keys into their security tokens.

    Args:
        master: 32 random bytes.
    """

    def __init__(self, master: bytes) -> None:
        self.fingerprint = _derived(master, "fingerprint").hex()[:32]
        self.token_key = _derived(master, "tokens")
        self.key_secrets = Seal(_derived(master, "key secrets"))
        self.temporary_keys = Seal(_derived(master, "temporary keys"))


def open_keyring(path: Path, *, may_create: bool) -> Keyring:
    """The keys derived from a master key file, which is made on the first start.

    Args:
        path: the file: 64 hex digits and a line feed, mode 0600.
        may_create: make a random one where there is none.

    Raises:
        ServiceError: ``CONFIGURATION_INVALID`` when the file is missing and may not be
            made, is unreadable or is no master key.
    """
    try:
        if may_create:
            create_once(path, _write_master_key)
        text = path.read_text(encoding="ascii").strip()
        mode = path.stat().st_mode
    except FileNotFoundError as error:
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID,
            f"the store is in use, but its master key {path} is missing: put it back",
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID, f"the master key {path} cannot be read: {error}"
        ) from error
    if not _MASTER_KEY.fullmatch(text):
        raise ServiceError(
            ErrorKind.CONFIGURATION_INVALID, f"{path} is no master key: 64 hex digits expected"
        )
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        logger.warning("the master key %s may be read by other users of this machine", path)
    return Keyring(bytes.fromhex(text))


def _write_master_key(path: Path) -> None:
    path.write_text(f"{secrets.token_hex(32)}\n", encoding="ascii")


def _derived(master: bytes, purpose: str) -> bytes:
    info = f"web-image-ocr {purpose}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(master)
