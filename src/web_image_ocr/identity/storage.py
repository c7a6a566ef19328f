"""Where the store and its master key are, and how they are opened together."""

from __future__ import annotations

import shlex
from pathlib import Path

from sqlalchemy import URL

from web_image_ocr.database.database import Database
from web_image_ocr.database.engines import DatabaseMissingError
from web_image_ocr.database.revisions import DatabaseOutdatedError
from web_image_ocr.identity.config import IdentityConfig
from web_image_ocr.identity.master_keys.binding import bind_keyring
from web_image_ocr.identity.master_keys.key_file import KeyFile
from web_image_ocr.identity.master_keys.keyring import Keyring
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_DATABASE_FILE = "web-image-ocr.db"
_MASTER_KEY_FILE = "master.key"


def open_store(
    config: IdentityConfig,
    data_dir: Path,
    *,
    password_threads: int,
    may_create: bool,
    may_migrate: bool,
) -> tuple[Database, KeyFile, Keyring]:
    """Return the store in its newest form, and the master keys that belong to it.

    Args:
        config: may name the store and the key.
        data_dir: folder of those that it does not name.
        password_threads: as for ``Database``.
        may_create: make folder, store and key where they are missing.
        may_migrate: bring a store of an older revision to the newest one.

    Raises:
        ServiceError: ``DATABASE_UNAVAILABLE``, also for a store that is missing and may not be
            made, or older and may not be migrated; ``CONFIGURATION_INVALID`` when the folder,
            the key or the store is none that this program can use.
    """
    # Not a text: a folder's name may hold what has a meaning in URLs.
    own_store = URL.create("sqlite", database=str(data_dir / _DATABASE_FILE))
    url = config.database_url or own_store
    key_path = Path(config.master_key_path or data_dir / _MASTER_KEY_FILE)
    try:
        database = Database(
            url,
            config.store_wait_seconds,
            password_threads=password_threads,
            may_create=may_create,
            may_migrate=may_migrate,
        )
        try:
            file, keyring = bind_keyring(
                database, key_path, config.cache_seconds, may_create=may_create
            )
        except (ServiceError, DatabaseMissingError):
            database.close()
            raise
        else:
            return database, file, keyring
    except DatabaseMissingError:
        raise ServiceError(
            ErrorKind.DATABASE_UNAVAILABLE, _how_to_make_it(config, data_dir)
        ) from None
    except DatabaseOutdatedError as error:
        detail = _how_to_migrate_it(config, data_dir, error)
        raise ServiceError(ErrorKind.DATABASE_UNAVAILABLE, detail) from None


def _how_to_make_it(config: IdentityConfig, data_dir: Path) -> str:
    place, command = _place_and_command(config, data_dir, "init")
    return f"no store {place}: run `{command}` first"


def _how_to_migrate_it(config: IdentityConfig, data_dir: Path, error: DatabaseOutdatedError) -> str:
    place, command = _place_and_command(config, data_dir, "migrate")
    return (
        f"the store {place} has revision {error.found}, this version needs {error.newest}: "
        f"run `{command}` or start the server"
    )


def _place_and_command(config: IdentityConfig, data_dir: Path, verb: str) -> tuple[str, str]:
    command = f"web-image-ocr admin {verb}"
    if config.database_url:  # its text may hold a password
        return "at identity.database_url", command
    return f"in {data_dir}", f"{command} --data-dir {shlex.quote(str(data_dir))}"
