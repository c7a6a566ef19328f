"""Calls as they are counted: a row for a project, minute, outcome and duration, added up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Integer,
    bindparam,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from web_image_ocr.identity.database import Database
from web_image_ocr.identity.tables import AccessKeyRow, ProjectRow, UsageRow
from web_image_ocr.identity.usage_values import Counted, Step, Tally, UsageReport, Window

_USAGE: Any = UsageRow.__table__
_KEYS: Any = AccessKeyRow.__table__

_NOTE_USE = (
    update(_KEYS)
    .where(_KEYS.c.access == bindparam("used"))
    .where(or_(_KEYS.c.last_used_at.is_(None), _KEYS.c.last_used_at < bindparam("at")))
    .values(last_used_at=bindparam("at"))
)


class UsageStore:
    """Keeps and reads what was counted.

    Args:
        database: the store.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, calls: Mapping[Counted, int], key_uses: Mapping[str, datetime]) -> None:
        """Add calls to those of before, and note when keys were used; all of it or nothing.

        Several servers may do so at once. What belongs to a project or key that is gone is
        dropped.

        Args:
            calls: how many.
            key_uses: when each key was last used, by its public half.
        """
        with self._database.writing() as session:
            wanted = {counted.project_id for counted in calls}
            known = set(session.scalars(select(ProjectRow.id).where(ProjectRow.id.in_(wanted))))
            # In one order in every server: two that wait for each other's rows would block.
            rows = [
                {**counted._asdict(), "calls": number}
                for counted, number in sorted(calls.items())
                if counted.project_id in known
            ]
            if rows:
                session.connection().execute(_adding(session), rows)
            if key_uses:
                session.connection().execute(
                    _NOTE_USE, [{"used": key, "at": at} for key, at in sorted(key_uses.items())]
                )

    def read(self, project_ids: Iterable[str], window: Window) -> UsageReport:
        """What was counted for these projects in a time."""
        # Months differ in length; their days do not.
        unit = 1 if window.step is Step.MINUTE else 60 if window.step is Step.HOUR else 24 * 60
        group = UsageRow.minute // literal_column(str(unit), Integer)
        outcome = (UsageRow.status, UsageRow.code, UsageRow.bucket)
        query = (
            select(group, *outcome, func.sum(UsageRow.calls))
            .where(UsageRow.project_id.in_(tuple(project_ids)))
            .where(UsageRow.minute >= minute_of(window.start))
            .where(UsageRow.minute < minute_of(window.end))
            .group_by(group, *outcome)
        )
        tallies = {start: Tally() for start in window.steps()}
        with self._database.reading() as session:
            for part, status, code, bucket, calls in session.execute(query):
                start = window.step.start(datetime.fromtimestamp(part * unit * 60, UTC))
                tallies[start].add(status, code, bucket, int(calls))
        total = Tally()
        for tally in tallies.values():
            total.include(tally)
        return UsageReport(window=window, points=tuple(tallies.items()), total=total)

    def forget_before(self, moment: datetime) -> None:
        """Forget what was counted before a moment."""
        with self._database.reading() as session:
            projects = session.scalars(select(ProjectRow.id)).all()
        for project_id in projects:  # each by the primary key, and no long wait for others
            with self._database.writing() as session:
                session.execute(
                    delete(UsageRow)
                    .where(UsageRow.project_id == project_id)
                    .where(UsageRow.minute < minute_of(moment))
                )


def minute_of(moment: datetime) -> int:
    """Minutes since 1970."""
    return int(moment.timestamp()) // 60


def _adding(session: Session) -> Any:
    dialect: Any = postgresql if session.connection().dialect.name == "postgresql" else sqlite
    insert = dialect.insert(_USAGE)
    return insert.on_conflict_do_update(
        index_elements=_USAGE.primary_key.columns,
        set_={"calls": _USAGE.c.calls + insert.excluded.calls},
    )
