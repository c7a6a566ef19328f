"""Failures in a row, counted by what was tried and from where.

Threat: somebody guesses passwords or secrets, or fills the store with failures.
Rule: after some failures in a row from one address, that address is refused for a while
for that user or key; a success starts anew. Others, from elsewhere, are not locked out.
IPv6 addresses count by their /64, since one machine usually has all of it. A failure that
the store could not take is owed: its address gets no further try for that user or key
until it is counted. Counters are limited in number; one that locks is displaced last. A clock
that was set back makes no lock longer than its time.
What remains open: guessing from many addresses, slowed only by the cost of each try.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import NoReturn

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from web_image_ocr.database.database import Database
from web_image_ocr.database.tables import FailureRow
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.networks import client_network

MAX_COUNTERS = 10_000
"""Kept at most; a new one displaces the one that would be void first, of those that do not lock
if there are such. Invented names do not fill them: a network has few failures at once."""


Counted = tuple[str, str]
"""What is tried, and the network it is tried from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRule:
    """When to lock and for how long.

    Attributes:
        failures: in a row, at least 1.
        seconds: both the length of the lock and how long a failure is remembered.
        error: kind of the refusal.
    """

    failures: int
    seconds: int
    error: ErrorKind


class Lockout:
    """The counters of one rule, in the store, so that all servers share them.

    Args:
        database: the store.
        rule: when to lock.
        clock: the time, UTC.
    """

    def __init__(self, database: Database, rule: LockRule, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._rule = rule
        self._length = timedelta(seconds=rule.seconds)
        self._clock = clock
        self._owed: OrderedDict[Counted, int] = OrderedDict()
        self._being_counted: Counter[Counted] = Counter()
        self._owed_lock = Lock()

    def check(self, subject: str, client: str) -> bool:
        """Whether failures are on record, and not yet enough for the lock.

        Args:
            subject: what is tried, at most 80 characters.
            client: address it is tried from.

        Raises:
            ServiceError: the rule's error, with ``retry_after``, while locked;
                ``DATABASE_UNAVAILABLE`` while a failure is owed.
        """
        self.settle(subject, client)
        return self.read(subject, client)

    def read(self, subject: str, client: str) -> bool:
        """Return what ``check`` does, leaving aside what is owed."""
        counter = subject, client_network(client)
        with self._database.reading() as session:
            row = session.get(FailureRow, counter)
        now = self._clock()
        if row is None or row.void_at <= now:
            return False
        void_at = min(row.void_at, now + self._length)
        if void_at < row.void_at:
            self._shorten(counter, void_at)
        if row.failed >= self._rule.failures:
            raise ServiceError(
                self._rule.error,
                f"locked for this address after {row.failed} failures in a row",
                retry_after=(void_at - now).total_seconds(),
            )
        return True

    def _shorten(self, counter: Counted, void_at: datetime) -> None:
        """Shorten a counter that was written before the clock was set back."""
        with suppress(ServiceError), self._database.writing() as session:  # or at the next check
            session.execute(
                update(FailureRow)
                .where(FailureRow.subject == counter[0], FailureRow.client == counter[1])
                .where(FailureRow.void_at > void_at)
                .values(void_at=void_at)
            )

    def record_failure(self, subject: str, client: str, *, since: datetime | None = None) -> bool:
        """Count one more failure and return whether it counts; forget what is void on the way.

        Args:
            subject: what is tried, at most 80 characters.
            client: address it is tried from.
            since: when the attempt began; where a failure was counted after that, this one
                is the same and not counted again, also if another server counted it or the
                failure was of another kind. None counts it in any case. ``api.unfinished``
                spares the store most of these questions, and cannot answer for other servers.
        """
        try:
            with self._database.writing(alone=True) as session:
                return self._count(session, (subject, client_network(client)), 1, since)
        except ServiceError:
            self.owe(subject, client)
            raise

    def refuse(self, subject: str, client: str, error: ServiceError) -> NoReturn:
        """Count a failure and raise the error."""
        self.record_failure(subject, client)
        raise error

    def owes(self, subject: str, client: str) -> bool:
        """Return whether failures are not counted yet."""
        return (subject, client_network(client)) in self._owed

    def settle(self, subject: str, client: str) -> None:
        """Count the failures that are owed.

        Raises:
            ServiceError: ``DATABASE_UNAVAILABLE``; they are still owed then.
        """
        counter = subject, client_network(client)
        if not self.owes(subject, client):
            return
        failures = 0
        try:
            # One after the other: who comes second finds nothing left to count.
            with self._database.writing(alone=True) as session:
                failures = self._take(counter)
                if failures:
                    self._count(session, counter, failures)
        except ServiceError:
            self._put_back(counter, failures, counted=False)
            raise
        self._put_back(counter, failures, counted=True)

    def owe(self, subject: str, client: str, failures: int = 1) -> None:
        """Remember failures that the store has not counted."""
        counter = subject, client_network(client)
        with self._owed_lock:
            self._owed[counter] = self._owed.get(counter, 0) + failures
            if len(self._owed) > MAX_COUNTERS:
                self._owed.popitem(last=False)

    def _take(self, counter: Counted) -> int:
        """Return the owed failures that nobody else is counting; they stay owed meanwhile."""
        with self._owed_lock:
            owed = self._owed.get(counter, 0)
            failures = max(0, owed - self._being_counted[counter])
            self._being_counted[counter] += failures
            return failures

    def _put_back(self, counter: Counted, failures: int, *, counted: bool) -> None:
        with self._owed_lock:
            self._being_counted[counter] -= failures
            self._being_counted += Counter()  # drops what is zero
            if not counted or counter not in self._owed:
                return
            self._owed[counter] -= failures
            if self._owed[counter] <= 0:
                del self._owed[counter]

    def _count(
        self, session: Session, counter: Counted, failures: int, since: datetime | None = None
    ) -> bool:
        now = self._clock()
        session.execute(delete(FailureRow).where(FailureRow.void_at <= now))
        row = session.get(FailureRow, counter)
        if row is None:
            self._make_room(session)
            row = FailureRow(subject=counter[0], client=counter[1], failed=0)
            session.add(row)
        elif since is not None and row.void_at - self._length >= since:
            return False
        row.failed += failures
        row.void_at = now + self._length
        return True

    def _make_room(self, session: Session) -> None:
        counters = session.scalars(select(func.count()).select_from(FailureRow)).one()
        if counters >= MAX_COUNTERS:
            locks = FailureRow.failed >= self._rule.failures
            first = select(FailureRow).order_by(locks, FailureRow.void_at).limit(1)
            session.delete(session.scalars(first).one())

    def forget(self, subject: str, client: str) -> None:
        """Start anew after a success."""
        with self._database.writing() as session:
            session.execute(
                delete(FailureRow).where(
                    FailureRow.subject == subject, FailureRow.client == client_network(client)
                )
            )
