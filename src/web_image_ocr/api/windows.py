"""How many calls each project has made in its window: counted here, or by several servers together.

Several servers count in one Redis. When it does not answer, each goes on by itself, in its own
memory: calls are served, none waits long, and the limit holds at each server.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Coroutine
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from limits import RateLimitItem
from limits.aio.storage import MemoryStorage, RedisStorage, Storage
from limits.aio.strategies import FixedWindowRateLimiter

if TYPE_CHECKING:
    from redis.asyncio import BlockingConnectionPool

log = structlog.stdlib.get_logger(__name__)

_Answer = TypeVar("_Answer")

_PREFIX = "web-image-ocr"
"""Of the keys in Redis, which may serve others, too."""
_CONNECTIONS = 16
"""At most; each is busy for a fraction of a millisecond a call."""
_GLANCE_S = 0.05
_GLANCES = 16
"""How often, and after what time each, a call looks whether Redis has counted it, connecting
included: 0.8 s, far above what a network needs. Not one wait of that length: a busy machine that
did not run this process for a second would take its own silence for that of Redis."""
_CLIENT_S = 2.0
"""After which the client gives up a step by itself; nobody waits for it any more then."""
_PAUSE_S = 1.0
"""While Redis does not answer, one call in this time asks it, the others do not wait for it."""
_ROUNDED_S = 0.5
"""Redis says how long a counter lives in seconds, to the nearest."""


class Windows:
    """Fixed windows, one for each project and rate; the first call of a project opens its window.

    Args:
        storage: holds the counters.
    """

    def __init__(self, storage: Storage) -> None:
        self._limiter = FixedWindowRateLimiter(storage)

    async def hit(self, rate: RateLimitItem, project_id: str) -> float | None:
        """Count one call; None when the rate allows it, else the seconds until its window ends."""
        if await self._limiter.hit(rate, project_id):
            return None
        stats = await self._limiter.get_window_stats(rate, project_id)
        return stats.reset_time - time.time()


def local_windows() -> Windows:
    """Windows in this process's memory."""
    return Windows(MemoryStorage())


class SharedWindows:
    """Windows of all servers that name the same Redis; ``async with`` opens and closes it.

    Args:
        url: of the Redis; may hold a password, and is in no log and no error.

    Raises:
        ValueError: as ``redis_pool``.
    """

    def __init__(self, url: str) -> None:
        self._pool = redis_pool(url)
        self._storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix=_PREFIX,
            connection_pool=self._pool,  # type: ignore[arg-type] # limits passes it on
        )
        self._shared = Windows(self._storage)
        self._own = local_windows()
        self._asking: set[asyncio.Future[Any]] = set()
        self._lost = False
        self._ask_at = 0.0

    async def __aenter__(self) -> SharedWindows:
        """Ask Redis once, so that the log says from the start when it does not answer."""
        try:
            await self._in_time(self._storage.get("start"))
        except _failures() as error:
            self._note_loss(error)
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close the connections, whatever Redis makes of it."""
        with contextlib.suppress(*_failures()):
            await self._pool.disconnect()

    async def hit(self, rate: RateLimitItem, project_id: str) -> float | None:
        """As ``Windows.hit``; never fails, and takes a second at most."""
        if not self._lost or self._may_ask():
            try:
                left = await self._in_time(self._shared.hit(rate, project_id))
            except _failures() as error:
                self._note_loss(error)
            else:
                self._note_answer()
                return None if left is None else min(left + _ROUNDED_S, rate.get_expiry())
        return await self._own.hit(rate, project_id)

    async def _in_time(self, question: Coroutine[Any, Any, _Answer]) -> _Answer:
        """What Redis says, or ``TimeoutError``.

        The question is not waited for when it is cancelled: the client has been seen to go on
        until its own time-outs (redis 8.1 under load, Python 3.11).
        """
        asking = asyncio.create_task(question)
        self._asking.add(asking)
        asking.add_done_callback(self._was_asked)
        for _ in range(_GLANCES):
            await asyncio.wait([asking], timeout=_GLANCE_S)
            if asking.done():
                return asking.result()
        asking.cancel()
        raise TimeoutError

    def _was_asked(self, asking: asyncio.Future[Any]) -> None:
        self._asking.discard(asking)
        if not asking.cancelled():
            asking.exception()  # seen: nobody may be there any more to see it

    def _may_ask(self) -> bool:
        if time.monotonic() < self._ask_at:
            return False
        self._ask_at = time.monotonic() + _PAUSE_S  # now, lest others ask beside this one
        return True

    def _note_loss(self, error: Exception) -> None:
        self._ask_at = time.monotonic() + _PAUSE_S
        if not self._lost:
            # Not its text, which may hold parts of the URL.
            log.warning("rate limits are this server's own", redis=type(error).__name__)
        self._lost = True

    def _note_answer(self) -> None:
        if self._lost:
            log.info("rate limits are shared again")
        self._lost = False


def redis_pool(url: str) -> BlockingConnectionPool:
    """Connections to a Redis, none of them open yet.

    Args:
        url: ``redis://``, ``rediss://`` (TLS) or ``unix://``.

    Raises:
        ValueError: the package redis is missing, or the URL is none; the URL is not repeated.
    """
    if find_spec("redis") is None:
        raise ValueError(
            "api.rate_limit_redis_url needs the package redis (web-image-ocr[redis]), "
            "which is not installed"
        )
    from redis.asyncio import BlockingConnectionPool  # noqa: PLC0415 - an extra
    from redis.asyncio.retry import Retry  # noqa: PLC0415 - an extra
    from redis.backoff import NoBackoff  # noqa: PLC0415 - an extra

    # Once more: a connection that was idle while Redis started anew is seen when it is used.
    retry = Retry(NoBackoff(), 1)
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            retry=retry,
            socket_connect_timeout=_CLIENT_S,
            socket_timeout=_CLIENT_S,
        )
        pool.make_connection()  # type: ignore[no-untyped-call] # sees an unknown option
    except (ValueError, TypeError):
        raise ValueError(
            "api.rate_limit_redis_url must look like redis://host:6379/0, "
            "rediss://host:6379/0 or unix:///path/of/socket"
        ) from None
    return pool


def _failures() -> tuple[type[Exception], ...]:
    """What tells that Redis does not do its work."""
    from redis.exceptions import RedisError  # noqa: PLC0415 - an extra

    return RedisError, OSError, TimeoutError
