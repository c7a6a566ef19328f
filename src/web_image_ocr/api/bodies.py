"""Receive request bodies: capped one by one and in sum, at a minimum rate, read at most once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import Receive, Scope

from web_image_ocr.api.body_budget import BodyBudget, Holder
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

GRACE_S = 10.0
"""Seconds a client may be behind the minimum rate: for a first round trip, a lost packet, a
wireless handover. A client that withholds the last bytes holds memory no longer than this."""


class ClientGoneError(Exception):
    """Signal that the client closed the connection and does not wait for the answer."""


class Body:
    """Receive the body of one request.

    Args:
        scope: of the request.
        receive: of the request.
        budget: what all bodies share.
        holder: whose share the bytes count against at first.
        limit: bytes this one may have.
        too_large: the kind of error raised above ``limit``.
        seconds: how long the client may take to send it.
        rate: bytes a second that the client must send at least; 0 for no minimum.
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
        # Not a local name: the frames of an error would keep the bytes alive while the rest
        # of a refused body is drained.
        self._chunks: list[bytes] = []
        self._read: bytes | None = None
        self._check_size(_declared_length(scope))

    async def read(self) -> bytes:
        """Return the whole body; a second call gives the same bytes.

        Raises:
            ServiceError: ``too_large`` once more than ``limit`` bytes have come,
                ``OVERLOADED``, ``DEADLINE_EXCEEDED`` when the client is too slow.
            ClientGoneError: the connection ended first.
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

    async def take(self) -> bytes:
        """Return as ``read``, for the last time: only the caller has the bytes afterwards.

        They stay reserved, for what is made of them, until ``release``.
        """
        taken = await self.read()
        self._read = None
        return taken

    def hold_as(self, holder: Holder) -> None:
        """Count the bytes, and those to come, against the shares of ``holder``.

        Raises:
            ServiceError: ``OVERLOADED`` when these are used up.
        """
        if holder != self._holder:
            self._budget.hand_over(self._reserved, self._holder, holder)
            self._holder = holder

    def reserve(self, size: int) -> None:
        """Reserve ``size`` more bytes until ``release``.

        Raises:
            ServiceError: ``OVERLOADED`` when they are not left.
        """
        self._budget.take(size, self._holder)
        self._reserved += size

    def release(self) -> None:
        """Forget the bytes and what was reserved."""
        self._budget.give_back(self._reserved, self._holder)
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
    """Compute when a client must have sent more, by a leaky bucket that holds seconds.

    Attributes:
        due: when the client is too slow unless more bytes come, on the loop's clock.
    """

    def __init__(self, seconds: float, rate: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.time() + seconds
        self._rate = rate
        self.due = min(self._end, self._loop.time() + GRACE_S) if rate else self._end

    def after(self, size: int) -> float:
        """Return the new ``due`` after ``size`` bytes: later, at most the grace from now."""
        if self._rate:
            full = self._loop.time() + GRACE_S
            self.due = min(self._end, full, self.due + size / self._rate)
        return self.due


@contextmanager
def released(body: Body) -> Iterator[Body]:
    """Release the body at the end, whatever happens."""
    try:
        yield body
    finally:
        body.release()


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0
