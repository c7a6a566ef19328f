"""Lock a client network out of a user or key after consecutive failures.

Threat: an attacker guesses passwords or secrets, or fills the database with failures.
Rule: after some consecutive failures from one network, that network is locked out for a while for
that user or key. A success resets the counter. Other networks are not locked out. IPv6 addresses
count by their /64, which one machine usually owns. A failure that could not be written is pending:
until it is written, its network gets no further try for that user or key. The number of counters
is bounded; one that locks is evicted last. A clock that was set back does not prolong a lock.
Residual risk: guessing from many networks, slowed only by the cost of each try.
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
"""Counters in the database. A new one evicts the first to expire, preferring those that do not
lock. Invented names do not fill them, because a network has few failures at once."""

CounterKey = tuple[str, str]
"""Subject and client network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRule:
    """Define when to lock and for how long.

    Attributes:
        failures: consecutive failures that lock, at least 1.
        seconds: duration of the lock, and lifetime of a failure.
        error: kind of the refusal.
    """

    failures: int
    seconds: int
    error: ErrorKind


class Lockout:
    """Count the failures of one rule in the database, shared by all servers."""

    def __init__(self, database: Database, rule: LockRule, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._rule = rule
        self._lifetime = timedelta(seconds=rule.seconds)
        self._clock = clock
        self._pending: OrderedDict[CounterKey, int] = OrderedDict()
        self._being_written: Counter[CounterKey] = Counter()
        self._pending_lock = Lock()

    def check(self, subject: str, client: str) -> bool:
        """Return whether there are failures, fewer than those that lock.

        Args:
            subject: what is tried, at most 80 characters.
            client: address of the caller.

        Raises:
            ServiceError: the rule's error, with ``retry_after``, while locked;
                ``DATABASE_UNAVAILABLE`` while a failure is pending.
        """
        self.write_pending(subject, client)
        return self.read(subject, client)

    def read(self, subject: str, client: str) -> bool:
        """Return the result of ``check``, without pending failures."""
        key = subject, client_network(client)
        with self._database.reading() as session:
            row = session.get(FailureRow, key)
        now = self._clock()
        if row is None or row.expires_at <= now:
            return False
        expires_at = min(row.expires_at, now + self._lifetime)
        if expires_at < row.expires_at:
            self._shorten(key, expires_at)
        if row.failed >= self._rule.failures:
            raise ServiceError(
                self._rule.error,
                f"locked for this address after {row.failed} consecutive failures",
                retry_after=(expires_at - now).total_seconds(),
            )
        return True

    def _shorten(self, key: CounterKey, expires_at: datetime) -> None:
        """Shorten a counter that was written before the clock was set back."""
        with suppress(ServiceError), self._database.writing() as session:  # or at the next check
            session.execute(
                update(FailureRow)
                .where(FailureRow.subject == key[0], FailureRow.client == key[1])
                .where(FailureRow.expires_at > expires_at)
                .values(expires_at=expires_at)
            )

    def record_failure(self, subject: str, client: str, *, since: datetime | None = None) -> bool:
        """Count one failure and return whether it counts; delete expired counters.

        Args:
            subject: what is tried, at most 80 characters.
            client: address of the caller.
            since: start of the attempt. A failure that any server counted after it, of any kind,
                is taken for this one. None counts in any case. ``api.unfinished`` saves most of
                these transactions, but does not know what other servers counted.
        """
        try:
            with self._database.writing(exclusive=True) as session:
                return self._count(session, (subject, client_network(client)), 1, since)
        except ServiceError:
            self.add_pending(subject, client)
            raise

    def reject(self, subject: str, client: str, error: ServiceError) -> NoReturn:
        """Count a failure and raise the error."""
        self.record_failure(subject, client)
        raise error

    def reset(self, subject: str, client: str) -> None:
        """Delete the counter after a success."""
        with self._database.writing() as session:
            session.execute(
                delete(FailureRow).where(
                    FailureRow.subject == subject, FailureRow.client == client_network(client)
                )
            )

    def has_pending(self, subject: str, client: str) -> bool:
        """Return whether failures are pending."""
        return (subject, client_network(client)) in self._pending

    def add_pending(self, subject: str, client: str) -> None:
        """Remember a failure that is not in the database yet."""
        key = subject, client_network(client)
        with self._pending_lock:
            self._pending[key] = self._pending.get(key, 0) + 1
            if len(self._pending) > MAX_COUNTERS:
                self._pending.popitem(last=False)

    def write_pending(self, subject: str, client: str) -> None:
        """Write the pending failures.

        Raises:
            ServiceError: ``DATABASE_UNAVAILABLE``; they stay pending.
        """
        key = subject, client_network(client)
        if not self.has_pending(subject, client):
            return
        failures = 0
        try:
            # One thread at a time: the second one finds nothing left to write.
            with self._database.writing(exclusive=True) as session:
                failures = self._claim_pending(key)
                if failures:
                    self._count(session, key, failures)
        except ServiceError:
            self._release_pending(key, failures, written=False)
            raise
        self._release_pending(key, failures, written=True)

    def _claim_pending(self, key: CounterKey) -> int:
        """Return the pending failures that no other thread is writing; they stay pending."""
        with self._pending_lock:
            failures = max(0, self._pending.get(key, 0) - self._being_written[key])
            self._being_written[key] += failures
            return failures

    def _release_pending(self, key: CounterKey, failures: int, *, written: bool) -> None:
        with self._pending_lock:
            self._being_written[key] -= failures
            self._being_written += Counter()  # drops zeros
            if not written or key not in self._pending:
                return
            self._pending[key] -= failures
            if self._pending[key] <= 0:
                del self._pending[key]

    def _count(
        self, session: Session, key: CounterKey, failures: int, since: datetime | None = None
    ) -> bool:
        now = self._clock()
        session.execute(delete(FailureRow).where(FailureRow.expires_at <= now))
        row = session.get(FailureRow, key)
        if row is None:
            self._make_room(session)
            row = FailureRow(subject=key[0], client=key[1], failed=0)
            session.add(row)
        elif since is not None and row.expires_at - self._lifetime >= since:
            return False
        row.failed += failures
        row.expires_at = now + self._lifetime
        return True

    def _make_room(self, session: Session) -> None:
        counters = session.scalars(select(func.count()).select_from(FailureRow)).one()
        if counters >= MAX_COUNTERS:
            locks = FailureRow.failed >= self._rule.failures
            first = select(FailureRow).order_by(locks, FailureRow.expires_at).limit(1)
            session.delete(session.scalars(first).one())
