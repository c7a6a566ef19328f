"""Bind a database to its master keys: the database names them, the file holds them.

Threat: a database is opened with the key file of another one.
Rule: the file holds the key in use and, during a rotation, the former one; otherwise opening fails.
A retired key is rejected, even if a copy of the file still holds it.
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
    """Return the master keys of a database; the first caller creates and records one.

    Args:
        database: the database.
        path: master key file.
        cache_seconds: time to live of the cached fingerprint of the key in use.
        may_create: whether this may be the first call.

    Raises:
        DatabaseMissingError: if the database has no master key and none may be created.
        ServiceError: ``CONFIGURATION_INVALID`` if a master key is missing, unreadable or
            belongs to another database.
    """
    file, state = _open_key_file(database, path, may_create=may_create)
    file.refuse(state.retired)
    cache: TimedCache[str, str] = TimedCache(cache_seconds)

    def read_in_use() -> str:
        with database.reading() as session:
            return in_use(session)

    keyring = Keyring(file, read_in_use, lambda: cache.get(IN_USE, read_in_use) or read_in_use())
    database.require_metadata(IN_USE, lambda fingerprint: keyring.find(fingerprint) is not None)
    return file, keyring


def _open_key_file(
    database: Database, path: Path, *, may_create: bool
) -> tuple[KeyFile, MasterKeyState]:
    with database.reading() as session:
        state = read_master_key_state(session)
    if state is None and not may_create:
        raise DatabaseMissingError
    if state is None:
        with database.writing(exclusive=True) as session:
            state = read_master_key_state(session)
            if state is None:
                create_key_file(path)
                file = KeyFile(path)
                state = MasterKeyState(in_use=file.read_durably()[0].fingerprint)
                write_master_key_state(session, state)
                return file, state
    file = KeyFile(path)
    _check(file, state)
    return file, state


def _check(file: KeyFile, state: MasterKeyState) -> None:
    held = {key.fingerprint for key in file.accepted()}
    if state.in_use not in held and state.former not in held and state.prepared not in held:
        reason = "is the master key of another database: restore the one of this database"
    elif missing := {state.in_use, state.former} - held - {None}:
        names = " and ".join(sorted(name[:8] for name in missing if name))
        reason = (
            f"lacks the master key {names}: copy the file from the server where the key was rotated"
        )
    else:
        return
    raise ServiceError(ErrorKind.CONFIGURATION_INVALID, f"{file.path} {reason}")
