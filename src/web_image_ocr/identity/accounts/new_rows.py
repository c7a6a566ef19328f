"""Create rows: validate names, generate ids and keys, encrypt secrets."""

from __future__ import annotations

import re
import secrets
import string
from dataclasses import dataclass, field
from datetime import datetime

from web_image_ocr.database.tables import (
    NAME_LENGTH,
    AccessKeyRow,
    DomainRow,
    ProjectRow,
    SubscriptionRow,
    UserRow,
)
from web_image_ocr.identity.master_keys.keyring import MasterKey
from web_image_ocr.identity.passwords import random_text
from web_image_ocr.identity.values import Role
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.text import quoted

_ACCESS_ALPHABET = string.ascii_uppercase + string.digits
_ACCESS_LENGTH = 20
_SECRET_ALPHABET = string.ascii_letters + string.digits
_SECRET_LENGTH = 40
_ACCESS_PATTERN = re.compile(r"[A-Za-z0-9]{1,32}")
_ID_PATTERN = re.compile(r"[0-9a-f]{32}")
_SECRET_PATTERN = re.compile(r"[A-Za-z0-9+/=_-]{1,128}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """Hold both halves of an access key.

    Attributes:
        access: the public half (AK): 1 to 32 letters and digits.
        secret: the secret half (SK): 1 to 128 letters, digits and ``+/=_-``.

    Raises:
        ServiceError: ``IDENTITY_REQUEST_INVALID`` for malformed halves.
    """

    access: str
    secret: str = field(repr=False)

    def __post_init__(self) -> None:
        if not _ACCESS_PATTERN.fullmatch(self.access):
            raise ServiceError(
                ErrorKind.IDENTITY_REQUEST_INVALID, "an access key has 1 to 32 letters and digits"
            )
        if not _SECRET_PATTERN.fullmatch(self.secret):
            raise ServiceError(
                ErrorKind.IDENTITY_REQUEST_INVALID,
                "a secret key has 1 to 128 letters, digits and +/=_-",
            )


def new_domain(name: str, now: datetime) -> DomainRow:
    """Return the row of an account; raise ``IDENTITY_REQUEST_INVALID`` for an invalid name."""
    return DomainRow(id=new_id(), name=_valid_name(name), created_at=now)


def new_user(domain_id: str, name: str, password_hash: str, role: Role, now: datetime) -> UserRow:
    """Return the row of an enabled user; raise ``IDENTITY_REQUEST_INVALID`` for an invalid name."""
    return UserRow(
        id=new_id(),
        domain_id=domain_id,
        name=_valid_name(name),
        password_hash=password_hash,
        role=role.value,
        enabled=True,
        generation=0,
        created_at=now,
    )


def new_project(domain_id: str, name: str, now: datetime) -> ProjectRow:
    """Return the row of a project; raise ``IDENTITY_REQUEST_INVALID`` for an invalid name."""
    return ProjectRow(id=new_id(), domain_id=domain_id, name=_valid_name(name), created_at=now)


def new_access_key(user_id: str, key: KeyPair, master: MasterKey, now: datetime) -> AccessKeyRow:
    """Return the row of an enabled key, its secret encrypted with the master key."""
    return AccessKeyRow(
        access=key.access,
        user_id=user_id,
        encrypted_secret=master.key_secrets.encrypt(key.secret.encode(), key.access.encode()),
        enabled=True,
        created_at=now,
    )


def new_subscription(project_id: str, api: str, now: datetime) -> SubscriptionRow:
    """Return the row of a subscription; raise ``IDENTITY_REQUEST_INVALID`` for an invalid name."""
    return SubscriptionRow(project_id=project_id, api=_valid_name(api), created_at=now)


def random_key() -> KeyPair:
    """Return a public half of 20 characters (103 bits) and a secret half of 40 (238 bits)."""
    return KeyPair(
        access=random_text(_ACCESS_ALPHABET, _ACCESS_LENGTH),
        secret=random_text(_SECRET_ALPHABET, _SECRET_LENGTH),
    )


def new_id() -> str:
    """Return 32 random hex digits."""
    return secrets.token_hex(16)


def is_id(text: str) -> bool:
    """Return whether the text is an id, which is never a valid name."""
    return _ID_PATTERN.fullmatch(text) is not None


def _valid_name(name: str) -> str:
    if not 1 <= len(name) <= NAME_LENGTH or name != name.strip() or not name.isprintable():
        raise ServiceError(
            ErrorKind.IDENTITY_REQUEST_INVALID,
            f"a name has 1 to {NAME_LENGTH} printable characters and no blanks around it: "
            f"{quoted(name)}",
        )
    if is_id(name.lower()):
        raise ServiceError(
            ErrorKind.IDENTITY_REQUEST_INVALID,
            f"a name must not look like an id (32 hex digits): {quoted(name)}",
        )
    return name
