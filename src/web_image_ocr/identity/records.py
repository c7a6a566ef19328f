"""New rows: names checked, ids and keys drawn, secrets sealed."""

from __future__ import annotations

import secrets
import string
from datetime import datetime

from web_image_ocr.identity.keyring import Keyring
from web_image_ocr.identity.passwords import random_text
from web_image_ocr.identity.tables import (
    NAME_LENGTH,
    AccessKeyRow,
    DomainRow,
    ProjectRow,
    SubscriptionRow,
    UserRow,
)
from web_image_ocr.identity.values import NewAccessKey, Role
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_ACCESS_ALPHABET = string.ascii_uppercase + string.digits
_ACCESS_LENGTH = 20
_SECRET_ALPHABET = string.ascii_letters + string.digits
_SECRET_LENGTH = 40


def new_domain(name: str, now: datetime) -> DomainRow:
    """An account's row.

    Raises:
        ServiceError: ``IDENTITY_REQUEST_INVALID`` for an unusable name.
    """
    return DomainRow(id=_new_id(), name=_usable(name), created_at=now)


def new_user(domain_id: str, name: str, password_hash: str, role: Role, now: datetime) -> UserRow:
    """An enabled user's row.

    Raises:
        ServiceError: ``IDENTITY_REQUEST_INVALID`` for an unusable name.
    """
    return UserRow(
        id=_new_id(),
        domain_id=domain_id,
        name=_usable(name),
        password_hash=password_hash,
        role=role.value,
        enabled=True,
        generation=0,
        created_at=now,
    )


def new_project(domain_id: str, name: str, now: datetime) -> ProjectRow:
    """A project's row.

    Raises:
        ServiceError: ``IDENTITY_REQUEST_INVALID`` for an unusable name.
    """
    return ProjectRow(id=_new_id(), domain_id=domain_id, name=_usable(name), created_at=now)


def new_access_key(
    user_id: str, keyring: Keyring, now: datetime
) -> tuple[AccessKeyRow, NewAccessKey]:
    """An enabled key's row and, for its owner's eyes, the key with its secret."""
    access, secret = random_key()
    row = AccessKeyRow(
        access=access,
        user_id=user_id,
        sealed_secret=keyring.key_secrets.close(secret.encode(), access.encode()),
        enabled=True,
        created_at=now,
    )
    return row, NewAccessKey(access=access, secret=secret, user_id=user_id)


def new_subscription(project_id: str, api: str, now: datetime) -> SubscriptionRow:
    """A subscription's row.

    Raises:
        ServiceError: ``IDENTITY_REQUEST_INVALID`` for an unusable name.
    """
    return SubscriptionRow(project_id=project_id, api=_usable(api), created_at=now)


def random_key() -> tuple[str, str]:
    """A public half (20 characters, 103 bits) and a secret half (40 characters, 238 bits)."""
    return (
        random_text(_ACCESS_ALPHABET, _ACCESS_LENGTH),
        random_text(_SECRET_ALPHABET, _SECRET_LENGTH),
    )


def _new_id() -> str:
    return secrets.token_hex(16)


def _usable(name: str) -> str:
    if not 1 <= len(name) <= NAME_LENGTH or name != name.strip() or not name.isprintable():
        raise ServiceError(
            ErrorKind.IDENTITY_REQUEST_INVALID,
            f"a name has 1 to {NAME_LENGTH} printable characters and no blanks around it: {name!r}",
        )
    return name
