"""Counts calls in memory and writes them down a moment later, in a thread of its own.

A call pays for a look into a dictionary. What was counted is in the store half a second later,
so a server that is killed loses that half second and what it takes to write; one that is told to
stop loses nothing. While the store does not answer, the counts stay in memory, limited in number.
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
from web_image_ocr.usage.durations import bucket_of
from web_image_ocr.usage.repository import UsageRepository, minute_of
from web_image_ocr.usage.values import Counted

logger = logging.getLogger(__name__)

_GATHERING_S = 0.5
"""What comes within this time is written together."""
_RETRY_S = 5.0
_PURGE_S = 3600.0
MAX_PENDING = 50_000
"""Different counts that wait for the store; some 15 MB, and a day and more of a busy server."""


class Recorder:
    """Counts calls and uses of keys; a context manager that writes while it is open.

    All methods may be called from any thread; ``count`` and ``key_used`` do not wait.

    Args:
        store: where the counts go.
        days: how long they are kept.
        clock: the time, UTC.
    """

    def __init__(self, store: UsageRepository, days: int, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._kept_for = timedelta(days=days)
        self._clock = clock
        self._lock = Lock()
        self._calls: Counter[Counted] = Counter()
        self._key_uses: dict[str, datetime] = {}
        self._lost = 0
        self._something = Event()
        self._stopping = Event()
        self._thread: Thread | None = None

    def __enter__(self) -> Self:
        """Begin to write."""
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
        """Write the rest; blocks until it is done."""
        self._stopping.set()
        self._something.set()
        if self._thread is not None:
            self._thread.join()
        if not self.flush():
            logger.error("%d counted calls are lost: the store does not answer", self._waiting())

    def count(self, project_id: str, status: int, code: str, seconds: float) -> None:
        """Count one call.

        Args:
            project_id: for which its caller was proved.
            status: of the answer.
            code: of the failure, empty without.
            seconds: from its beginning to its end.
        """
        counted = Counted(
            project_id=project_id,
            minute=minute_of(self._clock()),
            status=status,
            code=code,
            bucket=bucket_of(seconds),
        )
        with self._lock:
            self._keep(counted, 1)
        self._something.set()

    def key_used(self, access: str) -> None:
        """Note that a call was signed with this permanent key."""
        with self._lock:
            self._key_uses[access] = self._clock()
        self._something.set()

    def flush(self) -> bool:
        """Write what waits; whether that went well. What could not be written waits on."""
        with self._lock:
            calls, self._calls = self._calls, Counter()
            key_uses, self._key_uses = self._key_uses, {}
            self._something.clear()
        if not calls and not key_uses:
            return True
        try:
            self._store.add(calls, key_uses)
        except ServiceError as error:
            logger.warning("the counts of calls wait: %s", error.detail)
            with self._lock:
                for counted, number in calls.items():
                    self._keep(counted, number)
                self._key_uses = {**key_uses, **self._key_uses}
            self._something.set()
            return False
        self._report_loss()
        return True

    def purge(self) -> None:
        """Forget what is too old."""
        try:
            self._store.forget_before(self._clock() - self._kept_for)
        except ServiceError as error:
            logger.warning("old counts of calls are not forgotten yet: %s", error.detail)

    def _keep(self, counted: Counted, number: int) -> None:
        if counted in self._calls or len(self._calls) < MAX_PENDING:
            self._calls[counted] += number
        else:
            self._lost += number

    def _report_loss(self) -> None:
        with self._lock:
            lost, self._lost = self._lost, 0
        if lost:
            logger.error("%d calls were not counted: the store was away for too long", lost)

    def _waiting(self) -> int:
        return self._calls.total() + self._lost

    def _write_until_stopped(self) -> None:
        purge_at = time.monotonic()
        pause = _GATHERING_S
        while not self._stopping.is_set():
            if time.monotonic() >= purge_at:
                self.purge()
                purge_at = time.monotonic() + _PURGE_S
            self._something.wait(purge_at - time.monotonic())
            self._stopping.wait(pause)
            pause = _GATHERING_S if self.flush() else _RETRY_S
