"""Judge failures in a row in threads that must not wait for the store's lock.

Threat: wrong signatures that wait to be counted keep the threads that check signatures; wrong
passwords keep the turns of password hashes.
Rule: such a thread reads only. What has to be written is owed at once, so that its address gets no
further try meanwhile, and is written by a thread that writes.
What remains open: see ``lockout``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import NoReturn

from web_image_ocr.identity.audited import SIGN_IN_REFUSALS, SIGNATURE_REFUSALS, audited_as
from web_image_ocr.identity.brute_force.lockout import Lockout
from web_image_ocr.primitives.errors import ServiceError


class WriteRequiredError(Exception):
    """Signal that the store has to be written before there is an answer.

    Args:
        write: does it, from a thread that may wait for the store's lock.
        error: what is wrong in any case; None where the question has to be asked again.
    """

    def __init__(self, write: Callable[[], object], error: ServiceError | None = None) -> None:
        super().__init__("the store has to be written")
        self._write = write
        self._error = error

    @audited_as(None, refusals={**SIGNATURE_REFUSALS, **SIGN_IN_REFUSALS})
    def settle(self) -> None:
        """Write; return where the question has to be asked again.

        Raises:
            ServiceError: what is wrong; ``DATABASE_UNAVAILABLE``.
        """
        self._write()
        if self._error:
            raise self._error


class ReadOnlyLockout:
    """Read the counters of a lockout; never write them.

    Args:
        lockout: whose counters and debts these are.
    """

    def __init__(self, lockout: Lockout) -> None:
        self._lockout = lockout

    def check(self, subject: str, client: str) -> bool:
        """Return what ``Lockout.check`` does.

        Raises:
            WriteRequiredError: while a failure is owed.
            ServiceError: the rule's error.
        """
        if self._lockout.owes(subject, client):
            raise WriteRequiredError(partial(self._lockout.settle, subject, client))
        return self._lockout.read(subject, client)

    def refuse(self, subject: str, client: str, error: ServiceError) -> NoReturn:
        """Owe a failure.

        Raises:
            WriteRequiredError: with the error.
        """
        self._lockout.owe(subject, client)
        raise WriteRequiredError(partial(self._lockout.settle, subject, client), error)

    def record_failure(self, subject: str, client: str, *, since: datetime | None = None) -> bool:
        """Count one more failure.

        Raises:
            WriteRequiredError: always.
        """
        raise WriteRequiredError(
            partial(self._lockout.record_failure, subject, client, since=since)
        )

    def forget(self, subject: str, client: str) -> None:
        """Start again after a success.

        Raises:
            WriteRequiredError: always.
        """
        raise WriteRequiredError(partial(self._lockout.forget, subject, client))
