"""Bind a store to its master keys: the store names them, the file holds them.

Threat: the file of another store beside this one, or this store beside another's file.
Rule: the file holds the key in use and, during a rotation, the former one, or nothing is opened.
A key that the store has retired is not accepted, even if a copy of the file still holds it.
"""

from __future__ import annotations

from pathlib import Path

from web_image_ocr.database.database import Database
from web_image_ocr.database.engines import DatabaseMissingError
from web_image_ocr.identity.cache import TimedCache
from web_image_ocr.identity.master_keys.key_file import KeyFile, create_key_file
from web_image_ocr.identity.master_keys.keyring import Keyring
from web_image_ocr.identity.master_keys.state import (
    IN_USE,
    MasterKeyState,
    in_use,
    read_master_key_state,
    write_master_key_state,
)
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


def bind_keyring(
    database: Database, path: Path, cache_seconds: float, *, may_create: bool
) -> tuple[KeyFile, Keyring]:
    """Return the master keys of this store; the first caller makes one and records it.

    Args:
        database: the store.
        path: file of the master keys.
        cache_seconds: how long the store's answer to which key is in use is believed.
        may_create: whether this may be the first call.

    Raises:
        DatabaseMissingError: when the store has none yet and none may be made.
        ServiceError: ``CONFIGURATION_INVALID`` when a master key is missing, unreadable or
            another store's.
    """
    file, facts = _bound(database, path, may_create=may_create)
    file.refuse(facts.retired)
    cache: TimedCache[str, str] = TimedCache(cache_seconds)

    def read_in_use() -> str:
        with database.reading() as session:
            return in_use(session)

    keyring = Keyring(file, read_in_use, lambda: cache.get(IN_USE, read_in_use) or read_in_use())
    database.expect(IN_USE, lambda fingerprint: keyring.find(fingerprint) is not None)
    return file, keyring


def _bound(database: Database, path: Path, *, may_create: bool) -> tuple[KeyFile, MasterKeyState]:
    with database.reading() as session:
        facts = read_master_key_state(session)
    if facts is None and not may_create:
        raise DatabaseMissingError
    if facts is None:
        with database.writing(alone=True) as session:
            facts = read_master_key_state(session)
            if facts is None:
                create_key_file(path)
                file = KeyFile(path)
                facts = MasterKeyState(in_use=file.read_durably()[0].fingerprint)
                write_master_key_state(session, facts)
                return file, facts
    file = KeyFile(path)
    _check(file, facts)
    return file, facts


def _check(file: KeyFile, facts: MasterKeyState) -> None:
    held = {key.fingerprint for key in file.accepted()}
    if facts.in_use not in held and facts.former not in held and facts.prepared not in held:
        reason = "is the master key of another store: put back the one of this store"
    elif missing := {facts.in_use, facts.former} - held - {None}:
        names = " and ".join(sorted(name[:8] for name in missing if name))
        reason = (
            f"lacks the master key {names}: copy the file from the server where the key was rotated"
        )
    else:
        return
    raise ServiceError(ErrorKind.CONFIGURATION_INVALID, f"{file.path} {reason}")
