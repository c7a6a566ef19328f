"""Call identity from the event loop: from its caches, or in one of several thread pools."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

from web_image_ocr.identity import Authorizer, CacheMissError, Identity, WriteRequiredError

_P = ParamSpec("_P")
_Result = TypeVar("_Result")

_READ_THREADS = 8
"""Threads that read the database; most answers are cached, so few are busy."""

_WRITE_THREADS = 8
"""Threads that write to the database; all wait while another process holds its lock."""

_SIGNATURE_THREADS = 8
"""Threads that check signatures; they never wait for the database's lock."""

_REPORT_THREADS = 2
"""Threads for reports, which may read the database for half a second each."""


class IdentityGateway:
    """Call identity without blocking the event loop.

    Each thread pool serves one kind of call. A locked database or password guessing therefore does
    not delay calls of authenticated users. ``check`` tries the caches on the event loop first, and
    needs no thread if they suffice. ``read`` always takes a thread, and ``write`` one that may wait
    for the database's write lock.

    Attributes:
        identity: answers the calls.
    """

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self._read = CapacityLimiter(_READ_THREADS)
        self._write = CapacityLimiter(_WRITE_THREADS)
        self._signature = CapacityLimiter(_SIGNATURE_THREADS)
        self._report = CapacityLimiter(_REPORT_THREADS)
        self._log_in = CapacityLimiter(identity.password_threads)
        self._set_password = CapacityLimiter(identity.password_threads)

    async def check(
        self,
        function: Callable[Concatenate[Authorizer, _P], _Result],
        *args: _P.args,
        **kwargs: _P.kwargs,
    ) -> _Result:
        """Return the result of an access check, on the event loop if everything is cached.

        The function may run twice, so it must not change anything.
        """
        try:
            return function(self.identity.cached_authorizer, *args, **kwargs)
        except CacheMissError:
            return await self.read(partial(function, self.identity.authorizer, *args, **kwargs))

    async def read(
        self, function: Callable[_P, _Result], *args: _P.args, **kwargs: _P.kwargs
    ) -> _Result:
        """Return the result of a function that reads the database."""
        return await _run(self._read, partial(function, *args, **kwargs))

    async def write(
        self, function: Callable[_P, _Result], *args: _P.args, **kwargs: _P.kwargs
    ) -> _Result:
        """Return the result of a function that may wait for the database's write lock."""
        return await _run(self._write, partial(function, *args, **kwargs))

    async def report(
        self, function: Callable[_P, _Result], *args: _P.args, **kwargs: _P.kwargs
    ) -> _Result:
        """Return the result of a function that reads much."""
        return await _run(self._report, partial(function, *args, **kwargs))

    async def log_in(self, function: Callable[[], _Result]) -> _Result:
        """Return the result of a function that checks a password."""
        return await _run(self._log_in, function)

    async def set_password(self, function: Callable[[], _Result]) -> _Result:
        """Return the result of a function that hashes and writes a new password."""
        return await _run(self._set_password, function)

    async def check_signature(self, check: Callable[..., _Result]) -> _Result:
        """Return the result of a signature check; it moves to the write pool if it must write.

        Args:
            check: takes ``may_write`` and raises ``WriteRequiredError`` if it is false.
        """
        try:
            return await _run(self._signature, partial(check, may_write=False))
        except WriteRequiredError as error:
            settle = error.settle

        def settle_and_check() -> _Result:
            settle()
            return check(may_write=True)

        return await self.write(settle_and_check)


async def _run(limiter: CapacityLimiter, function: Callable[[], _Result]) -> _Result:
    return await to_thread.run_sync(function, limiter=limiter)
