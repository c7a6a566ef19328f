"""Store and read counted calls, aggregated by project, time, outcome and duration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Integer, bindparam, delete, func, literal_column, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from web_image_ocr.database.database import Database
from web_image_ocr.database.tables import AccessKeyRow, ProjectRow, UsageRow
from web_image_ocr.usage.values import CallGroup, Step, Tally, UsageReport, Window

_USAGE: Any = UsageRow.__table__
_KEYS: Any = AccessKeyRow.__table__

_MINUTE, _HOUR = 1, 60
"""Spans that every call is counted in, minutes."""

_UPDATE_LAST_USE = (
    update(_KEYS)
    .where(_KEYS.c.access == bindparam("used"))
    .where(or_(_KEYS.c.last_used_at.is_(None), _KEYS.c.last_used_at < bindparam("at")))
    .values(last_used_at=bindparam("at"))
)


class UsageRepository:
    """Store and read counted calls."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, calls: Mapping[CallGroup, int], key_uses: Mapping[str, datetime]) -> None:
        """Add counts and set when keys were last used, in one transaction.

        Several servers may do so concurrently. Counts of deleted projects and keys are dropped.

        Args:
            calls: number of calls by group.
            key_uses: time of the last use by public half of the key.
        """
        with self._database.writing() as session:
            wanted = {group.project_id for group in calls}
            known = set(session.scalars(select(ProjectRow.id).where(ProjectRow.id.in_(wanted))))
            rows = _rows(calls, known)
            if rows:
                session.connection().execute(_upsert(session), rows)
            if key_uses:
                session.connection().execute(
                    _UPDATE_LAST_USE,
                    [{"used": key, "at": at} for key, at in sorted(key_uses.items())],
                )

    def read(self, project_ids: Iterable[str], window: Window) -> UsageReport:
        """Return the calls of some projects in a period."""
        span = _MINUTE if window.step is Step.MINUTE else _HOUR
        # Months differ in length: sum their days.
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

    def delete_before(self, moment: datetime) -> None:
        """Delete the counts from before the hour of a moment."""
        first = minute_of(moment) // _HOUR * _HOUR
        with self._database.reading() as session:
            projects = session.scalars(select(ProjectRow.id)).all()
        for project_id in projects:  # by primary key, in short transactions
            with self._database.writing() as session:
                session.execute(
                    delete(UsageRow)
                    .where(UsageRow.project_id == project_id, UsageRow.span.in_((_MINUTE, _HOUR)))
                    .where(UsageRow.minute < first)
                )


def minute_of(moment: datetime) -> int:
    """Return the minutes since 1970."""
    return int(moment.timestamp()) // 60


def _rows(calls: Mapping[CallGroup, int], projects: set[str]) -> list[dict[str, Any]]:
    """Return the rows to add, sorted: a fixed order prevents deadlocks between servers."""
    added: Counter[tuple[int, CallGroup]] = Counter()
    for group, number in calls.items():
        if group.project_id in projects:
            hour = group._replace(minute=group.minute // _HOUR * _HOUR)
            added.update({(_MINUTE, group): number, (_HOUR, hour): number})
    return [
        {**group._asdict(), "span": span, "calls": number}
        for (span, group), number in sorted(added.items())
    ]


def _upsert(session: Session) -> Any:
    dialect: Any = postgresql if session.connection().dialect.name == "postgresql" else sqlite
    insert = dialect.insert(_USAGE)
    return insert.on_conflict_do_update(
        index_elements=_USAGE.primary_key.columns,
        set_={"calls": _USAGE.c.calls + insert.excluded.calls},
    )
