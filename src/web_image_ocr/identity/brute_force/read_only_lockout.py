"""Check lockouts in threads that must not wait for the database lock.

Threat: wrong signatures that wait to be counted occupy the threads that verify signatures. Wrong
passwords occupy the slots for password hashes.
Rule: such a thread only reads. A failure becomes pending at once, so that its network gets no
further try, and another thread writes it.
Residual risk: see ``lockout``.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import NoReturn

from web_image_ocr.identity.audited import SIGN_IN_REFUSALS, SIGNATURE_REFUSALS, audited_as
from web_image_ocr.identity.brute_force.lockout import Lockout
from web_image_ocr.primitives.errors import ServiceError


class WriteRequiredError(Exception):
    """Signal that the database has to be written before there is a result.

    Args:
        write: writes; called from a thread that may wait for the database lock.
        error: the result if it is known already; None if the check has to be repeated.
    """

    def __init__(self, write: Callable[[], object], error: ServiceError | None = None) -> None:
        super().__init__("the database has to be written")
        self._write = write
        self._error = error

    @audited_as(None, refusals={**SIGNATURE_REFUSALS, **SIGN_IN_REFUSALS})
    def settle(self) -> None:
        """Write; return if the check has to be repeated.

        Raises:
            ServiceError: the known result, or ``DATABASE_UNAVAILABLE``.
        """
        self._write()
        if self._error:
            raise self._error


class ReadOnlyLockout:
    """Read the counters of a lockout; raise ``WriteRequiredError`` instead of writing."""

    def __init__(self, lockout: Lockout) -> None:
        self._lockout = lockout

    def check(self, subject: str, client: str) -> bool:
        """Return the result of ``Lockout.check``.

        Raises:
            WriteRequiredError: while a failure is pending.
            ServiceError: the rule's error.
        """
        if self._lockout.has_pending(subject, client):
            raise WriteRequiredError(partial(self._lockout.write_pending, subject, client))
        return self._lockout.read(subject, client)

    def reject(self, subject: str, client: str, error: ServiceError) -> NoReturn:
        """Add a pending failure and raise ``WriteRequiredError`` with the error."""
        self._lockout.add_pending(subject, client)
        raise WriteRequiredError(partial(self._lockout.write_pending, subject, client), error)

    def reset(self, subject: str, client: str) -> NoReturn:
        """Raise ``WriteRequiredError``, which deletes the counter."""
        raise WriteRequiredError(partial(self._lockout.reset, subject, client))
