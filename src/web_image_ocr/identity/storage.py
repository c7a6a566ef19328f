"""Open the database and its master keys together."""

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


def open_storage(
    config: IdentityConfig,
    data_dir: Path,
    *,
    password_threads: int,
    may_create: bool,
    may_migrate: bool,
) -> tuple[Database, KeyFile, Keyring]:
    """Return the database, migrated to the newest schema, and its master keys.

    ``data_dir`` holds those files that ``config`` does not name.

    Raises:
        ServiceError: ``DATABASE_UNAVAILABLE``, also if the database is missing and must not be
            created, or is older and must not be migrated; ``CONFIGURATION_INVALID`` if the
            folder, the key file or the database is unusable.
    """
    # Not a string: a folder's name may contain characters that are special in URLs.
    default = URL.create("sqlite", database=str(data_dir / _DATABASE_FILE))
    url = config.database_url or default
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
        raise ServiceError(ErrorKind.DATABASE_UNAVAILABLE, _create_hint(config, data_dir)) from None
    except DatabaseOutdatedError as error:
        detail = _migrate_hint(config, data_dir, error)
        raise ServiceError(ErrorKind.DATABASE_UNAVAILABLE, detail) from None


def _create_hint(config: IdentityConfig, data_dir: Path) -> str:
    location, command = _location_and_command(config, data_dir, "init")
    return f"no database {location}: run `{command}` first"


def _migrate_hint(config: IdentityConfig, data_dir: Path, error: DatabaseOutdatedError) -> str:
    location, command = _location_and_command(config, data_dir, "migrate")
    return (
        f"the database {location} has revision {error.found}, this version needs {error.newest}: "
        f"run `{command}` or start the server"
    )


def _location_and_command(config: IdentityConfig, data_dir: Path, verb: str) -> tuple[str, str]:
    command = f"web-image-ocr admin {verb}"
    if config.database_url:  # may contain a password
        return "at identity.database_url", command
    return f"in {data_dir}", f"{command} --data-dir {shlex.quote(str(data_dir))}"
