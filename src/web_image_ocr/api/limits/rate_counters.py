"""Count calls in fixed windows, in memory or in a Redis that several servers share.

While Redis does not answer, each server counts in its own memory: calls are served without a long
wait, and the limit holds at each server.
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

_Result = TypeVar("_Result")

_KEY_PREFIX = "web-image-ocr"
"""Prefix of the keys in Redis, which other programs may use too."""
_MAX_CONNECTIONS = 16
"""Connections to Redis; a call keeps one busy for a fraction of a millisecond."""
_POLL_S = 0.05
_POLLS = 16
"""Interval and number of polls for the answer of Redis, connecting included: 0.8 s in total.
One timeout of 0.8 s would also fire when a busy machine did not run this process for that long."""
_SOCKET_TIMEOUT_S = 2.0
"""Timeout of the Redis client, above the 0.8 s after which no call waits any longer."""
_RETRY_INTERVAL_S = 1.0
"""Seconds between attempts while Redis does not answer; other calls do not wait for it."""
_TTL_ROUNDING_S = 0.5
"""Largest rounding error of a counter's time to live, which Redis gives in whole seconds."""


class RateCounters:
    """Count in fixed windows, one for each key and rate; the first call opens a window."""

    def __init__(self, storage: Storage) -> None:
        self._limiter = FixedWindowRateLimiter(storage)

    async def hit(self, rate: RateLimitItem, key: str) -> float | None:
        """Count one call; return None if the rate allows it, else seconds until the window ends."""
        if await self._limiter.hit(rate, key):
            return None
        stats = await self._limiter.get_window_stats(rate, key)
        return stats.reset_time - time.time()


def local_rate_counters() -> RateCounters:
    """Return counters in this process's memory."""
    return RateCounters(MemoryStorage())


class SharedRateCounters:
    """Count together with all servers that use the same Redis; an async context manager.

    Args:
        url: of the Redis; may hold a password, so it is never logged or part of an error.

    Raises:
        ValueError: as ``redis_pool``.
    """

    def __init__(self, url: str) -> None:
        self._pool = redis_pool(url)
        self._storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix=_KEY_PREFIX,
            connection_pool=self._pool,  # type: ignore[arg-type] # limits passes it on
        )
        self._shared = RateCounters(self._storage)
        self._local = local_rate_counters()
        self._queries: set[asyncio.Future[Any]] = set()
        self._is_down = False
        self._retry_at = 0.0

    async def __aenter__(self) -> SharedRateCounters:
        """Query Redis once, so that an outage is logged at the start."""
        try:
            await self._bounded(self._storage.get("start"))
        except _redis_errors() as error:
            self._mark_down(error)
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Close the connections; ignore errors of Redis."""
        with contextlib.suppress(*_redis_errors()):
            await self._pool.disconnect()

    async def hit(self, rate: RateLimitItem, key: str) -> float | None:
        """Count as ``RateCounters.hit``; never fails and takes a second at most."""
        if not self._is_down or self._may_retry():
            try:
                left = await self._bounded(self._shared.hit(rate, key))
            except _redis_errors() as error:
                self._mark_down(error)
            else:
                self._mark_up()
                return None if left is None else min(left + _TTL_ROUNDING_S, rate.get_expiry())
        return await self._local.hit(rate, key)

    async def _bounded(self, query: Coroutine[Any, Any, _Result]) -> _Result:
        """Return the answer of Redis, or raise ``TimeoutError``.

        A cancelled query is not awaited: the client may go on until its own timeouts
        (redis 8.1 under load, Python 3.11).
        """
        task = asyncio.create_task(query)
        self._queries.add(task)
        task.add_done_callback(self._discard)
        for _ in range(_POLLS):
            await asyncio.wait([task], timeout=_POLL_S)
            if task.done():
                return task.result()
        task.cancel()
        raise TimeoutError

    def _discard(self, task: asyncio.Future[Any]) -> None:
        self._queries.discard(task)
        if not task.cancelled():
            task.exception()  # mark as retrieved: the caller may have timed out

    def _may_retry(self) -> bool:
        if time.monotonic() < self._retry_at:
            return False
        self._retry_at = time.monotonic() + _RETRY_INTERVAL_S  # now, so that one call retries
        return True

    def _mark_down(self, error: Exception) -> None:
        self._retry_at = time.monotonic() + _RETRY_INTERVAL_S
        if not self._is_down:
            # Without the error's text, which may hold parts of the URL.
            log.warning("rate limits are not shared", redis=type(error).__name__)
        self._is_down = True

    def _mark_up(self) -> None:
        if self._is_down:
            log.info("rate limits are shared again")
        self._is_down = False


def redis_pool(url: str) -> BlockingConnectionPool:
    """Return a pool of connections to a Redis, none of them open yet.

    Args:
        url: ``redis://``, ``rediss://`` (TLS) or ``unix://``.

    Raises:
        ValueError: the package redis is missing, or the URL is invalid; the text omits the URL.
    """
    if find_spec("redis") is None:
        raise ValueError(
            "api.rate_limit_redis_url needs the package redis (web-image-ocr[redis]), "
            "which is not installed"
        )
    from redis.asyncio import BlockingConnectionPool  # noqa: PLC0415 - an extra
    from redis.asyncio.retry import Retry  # noqa: PLC0415 - an extra
    from redis.backoff import NoBackoff  # noqa: PLC0415 - an extra

    # One retry: a connection that Redis closed by a restart fails only when it is used.
    retry = Retry(NoBackoff(), 1)
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_MAX_CONNECTIONS,
            retry=retry,
            socket_connect_timeout=_SOCKET_TIMEOUT_S,
            socket_timeout=_SOCKET_TIMEOUT_S,
        )
        pool.make_connection()  # type: ignore[no-untyped-call] # raises for an unknown option
    except (ValueError, TypeError):
        raise ValueError(
            "api.rate_limit_redis_url must look like redis://host:6379/0, "
            "rediss://host:6379/0 or unix:///path/of/socket"
        ) from None
    return pool


def _redis_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions that mean an outage of Redis."""
    from redis.exceptions import RedisError  # noqa: PLC0415 - an extra

    return RedisError, OSError, TimeoutError
