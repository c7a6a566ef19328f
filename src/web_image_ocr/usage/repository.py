"""Calls as they are counted: a row for a project, minute, outcome and duration, added up."""

from __future__ import annotations

from collections import Counter
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

from web_image_ocr.database.database import Database
from web_image_ocr.database.tables import AccessKeyRow, ProjectRow, UsageRow
from web_image_ocr.usage.values import Counted, Step, Tally, UsageReport, Window

_USAGE: Any = UsageRow.__table__
_KEYS: Any = AccessKeyRow.__table__

_MINUTE, _HOUR = 1, 60
"""Spans of time, minutes, that every call is counted in."""

_NOTE_USE = (
    update(_KEYS)
    .where(_KEYS.c.access == bindparam("used"))
    .where(or_(_KEYS.c.last_used_at.is_(None), _KEYS.c.last_used_at < bindparam("at")))
    .values(last_used_at=bindparam("at"))
)


class UsageRepository:
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
            rows = _rows(calls, known)
            if rows:
                session.connection().execute(_adding(session), rows)
            if key_uses:
                session.connection().execute(
                    _NOTE_USE, [{"used": key, "at": at} for key, at in sorted(key_uses.items())]
                )

    def read(self, project_ids: Iterable[str], window: Window) -> UsageReport:
        """What was counted for these projects in a time."""
        span = _MINUTE if window.step is Step.MINUTE else _HOUR
        # Months differ in length; their days do not.
        unit = span if window.step in {Step.MINUTE, Step.HOUR} else 24 * 60
        group = UsageRow.minute // literal_column(str(unit), Integer)
        outcome = (UsageRow.status, UsageRow.code, UsageRow.bucket)
        query = (
            select(group, *outcome, func.sum(UsageRow.calls))
            .where(UsageRow.project_id.in_(tuple(project_ids)), UsageRow.span == span)
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
        """Forget what was counted before the hour that a moment is in."""
        first = minute_of(moment) // _HOUR * _HOUR
        with self._database.reading() as session:
            projects = session.scalars(select(ProjectRow.id)).all()
        for project_id in projects:  # each by the primary key, and no long wait for others
            with self._database.writing() as session:
                session.execute(
                    delete(UsageRow)
                    .where(UsageRow.project_id == project_id, UsageRow.span.in_((_MINUTE, _HOUR)))
                    .where(UsageRow.minute < first)
                )


def minute_of(moment: datetime) -> int:
    """Minutes since 1970."""
    return int(moment.timestamp()) // 60


def _rows(calls: Mapping[Counted, int], projects: set[str]) -> list[dict[str, Any]]:
    """What is to be added; in one order in every server, or two could wait for each other."""
    added: Counter[tuple[int, Counted]] = Counter()
    for counted, number in calls.items():
        if counted.project_id in projects:
            hour = counted._replace(minute=counted.minute // _HOUR * _HOUR)
            added.update({(_MINUTE, counted): number, (_HOUR, hour): number})
    return [
        {**counted._asdict(), "span": span, "calls": number}
        for (span, counted), number in sorted(added.items())
    ]


def _adding(session: Session) -> Any:
    dialect: Any = postgresql if session.connection().dialect.name == "postgresql" else sqlite
    insert = dialect.insert(_USAGE)
    return insert.on_conflict_do_update(
        index_elements=_USAGE.primary_key.columns,
        set_={"calls": _USAGE.c.calls + insert.excluded.calls},
    )
