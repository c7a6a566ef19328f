"""Migrate a database to the newest revision, after a backup; one server at a time."""

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
    """Signal that the database has an older revision and must not be migrated."""

    def __init__(self, found: str, newest: str) -> None:
        super().__init__(f"revision {found}, not {newest}")
        self.found = found
        self.newest = newest


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """Describe the migration of a database when it was opened.

    Attributes:
        before: previous revision; None for a new database.
        after: current revision.
        backup: copy from before the migration; None without a migration, and for PostgreSQL.
    """

    before: str | None
    after: str
    backup: Path | None = None


class Revisions:
    """Determine and upgrade the revision of a database.

    Attributes:
        newest: revision of this version.
    """

    def __init__(self) -> None:
        self._config = Config()
        self._config.set_main_option("script_location", _MIGRATIONS)
        self._scripts = ScriptDirectory.from_config(self._config)
        self.newest = self._scripts.get_current_head() or ""

    def of(self, connection: Connection) -> str | None:
        """Return the revision of a database; None without tables.

        Raises:
            ServiceError: ``CONFIGURATION_INVALID`` for a database of a newer version.
        """
        found = MigrationContext.configure(connection).get_current_revision()
        if found is None:
            return None
        try:
            self._scripts.get_revision(found)
        except CommandError as error:
            raise ServiceError(
                ErrorKind.CONFIGURATION_INVALID,
                f"a newer version of this program wrote the database: {error}",
            ) from error
        return found

    def upgrade(self, connection: Connection, back_up: Callable[[str], Path] | None) -> Migration:
        """Migrate a database; on failure, the caller's transaction is rolled back.

        Args:
            connection: in an exclusive transaction.
            back_up: copies a database of the given revision; None if that is not supported.
        """
        before = self.of(connection)
        if before == self.newest:  # another server was first
            return Migration(before=before, after=self.newest)
        backup = back_up(before) if before and back_up else None
        if before and not back_up:
            logger.warning("no backup of the PostgreSQL database: make one with pg_dump")
        try:
            self._config.attributes["connection"] = connection
            command.upgrade(self._config, "head")
        except BaseException:
            if backup:  # redundant after the rollback; restarts would fill the disk
                backup.unlink(missing_ok=True)
            raise
        if before:
            suffix = f"; the backup is {backup}" if backup else ""
            logger.info(
                "migrated the database from revision %s to %s%s", before, self.newest, suffix
            )
        return Migration(before=before, after=self.newest, backup=backup)
