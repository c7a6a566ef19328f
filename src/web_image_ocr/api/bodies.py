"""Request bodies: capped one by one and in sum, read at most once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import Receive, Scope

from web_image_ocr.primitives.errors import ErrorKind, ServiceError


class ClientGoneError(Exception):
    """The client closed the connection; nobody waits for the answer."""


class BodyBudget:
    """The memory that request bodies, and what is fetched for them, may take together.

    Threat: a signature can be checked only when the whole body has come, so strangers can
    make the server hold bodies, slowly. Rule: what comes from callers who are not proved
    fills a part of the memory at most; the rest is left to those who are.

    Args:
        total: bytes.
        unproved: bytes of them for callers who have not proved who they are.
    """

    def __init__(self, total: int, *, unproved: int) -> None:
        self._left = total
        self._unproved_left = unproved

    def take(self, size: int, *, proved: bool) -> None:
        """Reserve ``size`` bytes.

        Raises:
            ServiceError: ``OVERLOADED`` when they are not left.
        """
        if size > self._left or (not proved and size > self._unproved_left):
            raise ServiceError(
                ErrorKind.OVERLOADED, "request bodies fill the memory set aside", retry_after=1.0
            )
        self._left -= size
        if not proved:
            self._unproved_left -= size

    def prove(self, size: int) -> None:
        """From now on, ``size`` bytes are held for a caller who is proved."""
        self._unproved_left += size

    def give_back(self, size: int, *, proved: bool) -> None:
        """Release ``size`` bytes."""
        self._left += size
        if not proved:
            self._unproved_left += size


class Body:
    """The body of one request; its caller counts as unproved until ``prove``.

    Args:
        scope: of the request.
        receive: of the request.
        budget: what all bodies share.
        limit: bytes this one may have.
        too_large: the kind of error raised above ``limit``.
        seconds: how long the client may take to send it.
    """

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        budget: BodyBudget,
        *,
        limit: int,
        too_large: ErrorKind = ErrorKind.BODY_TOO_LARGE,
        seconds: float,
    ) -> None:
        self._receive = receive
        self._budget = budget
        self._limit = limit
        self._too_large = too_large
        self._seconds = seconds
        self._reserved = 0
        self._proved = False
        # Not a local name: the frames of an error would keep the bytes alive while the rest
        # of a refused body is drained.
        self._chunks: list[bytes] = []
        self._read: bytes | None = None
        self._check_size(_declared_length(scope))

    async def read(self) -> bytes:
        """The whole body; a second call gives the same bytes.

        Raises:
            ServiceError: ``too_large`` once more than ``limit`` bytes have come,
                ``OVERLOADED``, ``DEADLINE_EXCEEDED`` when the client is too slow.
            ClientGoneError: the connection ended first.
        """
        if self._read is None:
            try:
                async with asyncio.timeout(self._seconds):
                    self._read = await self._receive_all()
            except TimeoutError:
                raise ServiceError(
                    ErrorKind.DEADLINE_EXCEEDED, "the client sent its body too slowly"
                ) from None
        return self._read

    async def take(self) -> bytes:
        """As ``read``, for the last time: the bytes are the caller's alone afterwards.

        They stay reserved, for what is made of them, until ``release``.
        """
        taken = await self.read()
        self._read = None
        return taken

    def prove(self) -> None:
        """Count the caller as proved, or as one who need not be."""
        if not self._proved:
            self._budget.prove(self._reserved)
            self._proved = True

    def reserve(self, size: int) -> None:
        """Reserve ``size`` more bytes until ``release``.

        Raises:
            ServiceError: ``OVERLOADED`` when they are not left.
        """
        self._budget.take(size, proved=self._proved)
        self._reserved += size

    def release(self) -> None:
        """Forget the bytes and what was reserved."""
        self._budget.give_back(self._reserved, proved=self._proved)
        self._reserved = 0
        self._chunks.clear()
        self._read = None

    async def _receive_all(self) -> bytes:
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

    def _check_size(self, size: int) -> None:
        if size > self._limit:
            raise ServiceError(self._too_large, f"the body is above {self._limit} bytes")


@contextmanager
def released(body: Body) -> Iterator[Body]:
    """Releases the body at the end, whatever happens."""
    try:
        yield body
    finally:
        body.release()


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0
