"""Bring a store to the newest revision, after a backup; one server at a time."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_MIGRATIONS = "web_image_ocr.database:migrations"

logger = logging.getLogger(__name__)


class DatabaseOutdatedError(Exception):
    """Signal that the store has an older revision and must not be migrated.

    Args:
        found: its revision.
        newest: the one that this program needs.
    """

    def __init__(self, found: str, newest: str) -> None:
        super().__init__(f"revision {found}, not {newest}")
        self.found = found
        self.newest = newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """Say what was done to a store when it was opened.

    Attributes:
        before: its revision until then; None for a new store.
        after: its revision now.
        backup: copy of the store as it was; None where nothing was migrated, and of PostgreSQL.
    """

    before: str | None
    after: str
    backup: Path | None = None


class Revisions:
    """Compare and upgrade to the revisions that this program knows.

    Attributes:
        newest: the one that it works with.
    """

    def __init__(self) -> None:
        self._config = Config()
        self._config.set_main_option("script_location", _MIGRATIONS)
        self._scripts = ScriptDirectory.from_config(self._config)
        self.newest = self._scripts.get_current_head() or ""

    def of(self, connection: Connection) -> str | None:
        """Return the revision of a store; None where there are no tables yet.

        Raises:
            ServiceError: ``CONFIGURATION_INVALID`` for a store of a newer version.
        """
        found = MigrationContext.configure(connection).get_current_revision()
        if found is None:
            return None
        try:
            self._scripts.get_revision(found)
        except CommandError as error:
            raise ServiceError(
                ErrorKind.CONFIGURATION_INVALID,
                f"the store was written by a newer version of this program: {error}",
            ) from error
        return found

    def upgrade(self, connection: Connection, back_up: Callable[[str], Path] | None) -> Migration:
        """Migrate a store; when that fails, the caller's transaction leaves it as it was.

        Args:
            connection: in a transaction that no other server can be in at the same time.
            back_up: copies a store of the given revision; None where that cannot be done.
        """
        before = self.of(connection)
        if before == self.newest:  # another server was first
            return Migration(before=before, after=self.newest)
        backup = back_up(before) if before and back_up else None
        if before and not back_up:
            logger.warning("no backup is made of a store on PostgreSQL: that is for pg_dump")
        try:
            self._config.attributes["connection"] = connection
            command.upgrade(self._config, "head")
        except BaseException:
            if backup:  # of what is still there; a server that is restarted would fill the disk
                backup.unlink(missing_ok=True)
            raise
        if before:
            kept = f"; the backup is {backup}" if backup else ""
            logger.info("migrated the store from revision %s to %s%s", before, self.newest, kept)
        return Migration(before=before, after=self.newest, backup=backup)
