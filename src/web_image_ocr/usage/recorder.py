"""Count calls in memory and write the counts in a background thread.

Counting costs one dictionary update. The counts are in the database half a second later, so a
killed server loses half a second and the duration of a write. A graceful shutdown loses nothing.
While the database is unavailable the counts stay in memory, bounded in number.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Self

from web_image_ocr.primitives.errors import ServiceError
from web_image_ocr.usage.repository import UsageRepository, minute_of
from web_image_ocr.usage.values import CallGroup, bucket_of

logger = logging.getLogger(__name__)

_BATCH_S = 0.5
"""Calls within this time are written in one transaction, seconds."""
_RETRY_S = 5.0
_PURGE_S = 3600.0
MAX_PENDING = 50_000
"""Groups in memory that are not written yet: about 15 MB, more than a day of a busy server."""


class Recorder:
    """Count calls and uses of keys; a context manager that writes while it is open.

    Thread-safe; ``count`` and ``key_used`` do not block.
    """

    def __init__(
        self, repository: UsageRepository, days: int, clock: Callable[[], datetime]
    ) -> None:
        self._repository = repository
        self._retention = timedelta(days=days)
        self._clock = clock
        self._lock = Lock()
        self._calls: Counter[CallGroup] = Counter()
        self._key_uses: dict[str, datetime] = {}
        self._lost = 0
        self._wake_up = Event()
        self._stopping = Event()
        self._thread: Thread | None = None

    def __enter__(self) -> Self:
        """Start the background thread."""
        self._stopping.clear()
        self._thread = Thread(target=self._write_until_stopped, name="usage", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write the remaining counts; blocks until that is done."""
        self._stopping.set()
        self._wake_up.set()
        if self._thread is not None:
            self._thread.join()
        if not self.flush():
            lost = self._calls.total() + self._lost
            logger.error("%d counted calls are lost: the database is unavailable", lost)

    def count(self, project_id: str, status: int, code: str, seconds: float) -> None:
        """Count one call."""
        group = CallGroup(
            project_id=project_id,
            minute=minute_of(self._clock()),
            status=status,
            code=code,
            bucket=bucket_of(seconds),
        )
        with self._lock:
            self._keep(group, 1)
        self._wake_up.set()

    def key_used(self, access: str) -> None:
        """Record that a call was signed with this permanent key."""
        with self._lock:
            self._key_uses[access] = self._clock()
        self._wake_up.set()

    def flush(self) -> bool:
        """Write all counts and return whether that succeeded; keep them otherwise."""
        with self._lock:
            calls, self._calls = self._calls, Counter()
            key_uses, self._key_uses = self._key_uses, {}
            self._wake_up.clear()
        if not calls and not key_uses:
            return True
        try:
            self._repository.add(calls, key_uses)
        except ServiceError as error:
            logger.warning("counted calls are not written yet: %s", error.detail)
            with self._lock:
                for group, number in calls.items():
                    self._keep(group, number)
                self._key_uses = {**key_uses, **self._key_uses}
            self._wake_up.set()
            return False
        self._report_loss()
        return True

    def purge(self) -> None:
        """Delete counts that are older than the retention."""
        try:
            self._repository.delete_before(self._clock() - self._retention)
        except ServiceError as error:
            logger.warning("old counted calls are not deleted yet: %s", error.detail)

    def _keep(self, group: CallGroup, number: int) -> None:
        if group in self._calls or len(self._calls) < MAX_PENDING:
            self._calls[group] += number
        else:
            self._lost += number

    def _report_loss(self) -> None:
        with self._lock:
            lost, self._lost = self._lost, 0
        if lost:
            logger.error(
                "%d calls were not counted: the database was unavailable for too long", lost
            )

    def _write_until_stopped(self) -> None:
        purge_at = time.monotonic()
        pause = _BATCH_S
        while not self._stopping.is_set():
            if time.monotonic() >= purge_at:
                self.purge()
                purge_at = time.monotonic() + _PURGE_S
            self._wake_up.wait(purge_at - time.monotonic())
            self._stopping.wait(pause)
            pause = _BATCH_S if self.flush() else _RETRY_S
