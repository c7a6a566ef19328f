"""Receive request bodies under limits of size, memory and time; notice clients that are gone.

Threat: slow bodies (slowloris) and large bodies.
Rule: each body has a size limit and a minimum rate, and all share a ``BodyBudget``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

from starlette.types import Receive, Scope

from web_image_ocr.api.limits.body_budget import BodyBudget, Holder
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

GRACE_S = 10.0
"""Seconds that a client may be behind the minimum rate: time for a first round trip, a lost packet
or a wireless handover. Withheld bytes hold memory for no longer than this."""

_Result = TypeVar("_Result")


class ClientGoneError(Exception):
    """Signal that the client closed the connection before the answer."""


class Body:
    """Receive the body of one request; a context manager that releases its memory.

    Args:
        scope: of the request.
        receive: of the request.
        budget: shared by all bodies.
        holder: of the bytes until ``hold_as``.
        limit: largest size, bytes.
        too_large: kind of the error raised above ``limit``.
        seconds: time limit for the whole body.
        rate: minimum rate, bytes per second; 0 for none.
    """

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        budget: BodyBudget,
        holder: Holder,
        *,
        limit: int,
        too_large: ErrorKind = ErrorKind.BODY_TOO_LARGE,
        seconds: float,
        rate: int,
    ) -> None:
        self._receive = receive
        self._budget = budget
        self._holder = holder
        self._limit = limit
        self._too_large = too_large
        self._seconds = seconds
        self._rate = rate
        self._reserved = 0
        # Not a local variable: the frames of a traceback would keep the bytes alive while the
        # rest of a refused body is drained.
        self._chunks: list[bytes] = []
        self._read: bytes | None = None
        self._check_size(_declared_length(scope))

    def __enter__(self) -> Self:
        """Return the body."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Release the bytes."""
        self.release()

    async def read(self) -> bytes:
        """Return the whole body; a second call returns the same bytes.

        Raises:
            ServiceError: ``too_large`` above ``limit``, ``OVERLOADED`` when the budget is
                full, ``DEADLINE_EXCEEDED`` when the client is too slow.
            ClientGoneError: the client closed the connection.
        """
        if self._read is None:
            pace = _Pace(self._seconds, self._rate)
            try:
                async with asyncio.timeout_at(pace.due) as timer:
                    self._read = await self._receive_all(pace, timer)
            except TimeoutError:
                raise ServiceError(
                    ErrorKind.DEADLINE_EXCEEDED, "the client sent its body too slowly"
                ) from None
        return self._read

    async def consume(self) -> bytes:
        """Return the body as ``read`` does and drop the own reference to it.

        The memory stays reserved until ``release``, for what is decoded from the bytes.
        """
        body = await self.read()
        self._read = None
        return body

    def hold_as(self, holder: Holder) -> None:
        """Count present and future bytes against the shares of ``holder``.

        Raises:
            ServiceError: ``OVERLOADED`` when a share is full.
        """
        if holder != self._holder:
            self._budget.transfer(self._reserved, self._holder, holder)
            self._holder = holder

    def reserve(self, size: int) -> None:
        """Reserve ``size`` more bytes until ``release``.

        Raises:
            ServiceError: ``OVERLOADED`` when the budget is full.
        """
        self._budget.reserve(size, self._holder)
        self._reserved += size

    def release(self) -> None:
        """Drop the bytes and release all reserved memory."""
        self._budget.release(self._reserved, self._holder)
        self._reserved = 0
        self._chunks.clear()
        self._read = None

    async def _receive_all(self, pace: _Pace, timer: asyncio.Timeout) -> bytes:
        received = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGoneError
            chunk: bytes = message.get("body", b"")
            received += len(chunk)
            self._check_size(received)
            self.reserve(len(chunk))
            self._chunks.append(chunk)
            if not message.get("more_body", False):
                whole = b"".join(self._chunks)
                self._chunks.clear()
                return whole
            timer.reschedule(pace.after(len(chunk)))

    def _check_size(self, size: int) -> None:
        if size > self._limit:
            raise ServiceError(self._too_large, f"the body is above {self._limit} bytes")


class _Pace:
    """Compute the deadline for the next bytes: a leaky bucket that holds seconds.

    Attributes:
        due: deadline on the event loop's clock.
    """

    def __init__(self, seconds: float, rate: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.time() + seconds
        self._rate = rate
        self.due = min(self._end, self._loop.time() + GRACE_S) if rate else self._end

    def after(self, size: int) -> float:
        """Return the new ``due`` after ``size`` bytes, at most the grace from now."""
        if self._rate:
            full = self._loop.time() + GRACE_S
            self.due = min(self._end, full, self.due + size / self._rate)
        return self.due


async def while_connected(receive: Receive, work: Coroutine[Any, Any, _Result]) -> _Result:
    """Return the result of ``work``; cancel it when the client closes the connection.

    Args:
        receive: of a request whose body has been read.
        work: the client waits for it.

    Raises:
        ClientGoneError: the client closed the connection first.
    """
    task = asyncio.ensure_future(work)
    disconnect = None
    try:
        await asyncio.sleep(0)  # work without waiting, such as a cache hit, ends here
        if not task.done():
            disconnect = asyncio.ensure_future(_disconnected(receive))
            await asyncio.wait({task, disconnect}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise ClientGoneError
        return task.result()
    finally:
        if disconnect is not None or not task.done():
            tasks = [task] if disconnect is None else [task, disconnect]
            for pending in tasks:
                pending.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0
