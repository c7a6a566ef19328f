"""Where the store and its master key are, and how they are opened together."""

from __future__ import annotations

import shlex
from pathlib import Path

from sqlalchemy import URL

from web_image_ocr.identity.config import IdentityConfig
from web_image_ocr.identity.database import Database, StoreMissingError
from web_image_ocr.identity.first_start import bind_keyring
from web_image_ocr.identity.keyring import Keyring
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_DATABASE_FILE = "web-image-ocr.db"
_MASTER_KEY_FILE = "master.key"


def open_store(
    config: IdentityConfig, data_dir: Path, *, may_create: bool
) -> tuple[Database, Keyring]:
    """The store in its newest form, and the keys that belong to it.

    Args:
        config: may name the store and the key.
        data_dir: folder of those that it does not name.
        may_create: make folder, store and key where they are missing.

    Raises:
        ServiceError: ``STORE_UNAVAILABLE``, also for a store that is missing and may not be
            made; ``CONFIGURATION_INVALID`` when the folder, the key or the store is none
            that this program can use.
    """
    # Not a text: a folder's name may hold what has a meaning in URLs.
    own_store = URL.create("sqlite", database=str(data_dir / _DATABASE_FILE))
    url = config.database_url or own_store
    key_path = Path(config.master_key_path or data_dir / _MASTER_KEY_FILE)
    try:
        database = Database(url, config.store_wait_seconds, may_create=may_create)
        try:
            return database, bind_keyring(database, key_path, may_create=may_create)
        except (ServiceError, StoreMissingError):
            database.close()
            raise
    except StoreMissingError:
        raise ServiceError(ErrorKind.STORE_UNAVAILABLE, _how_to_make_it(config, data_dir)) from None


def _how_to_make_it(config: IdentityConfig, data_dir: Path) -> str:
    if config.database_url:  # its text may hold a password
        command, place = "web-image-ocr admin init", "at identity.database_url"
    else:
        command = f"web-image-ocr admin init --data-dir {shlex.quote(str(data_dir))}"
        place = f"in {data_dir}"
    return f"no store {place}: run `{command}` first"
