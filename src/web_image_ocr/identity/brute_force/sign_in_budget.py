"""Limit the sign-ins of one client network, over all user names.

Threat: invented user names, and password spraying (one password tried on many users). Neither
triggers the lockout of a single user, and each try costs a password hash.
Rule: each network has a token bucket of failures and one of password hashes. An empty bucket
refuses a sign-in before anything is read or hashed. The buckets are in memory: each server has its
own, a restart empties them, and changes of the wall clock have no effect.
Residual risk: guessing from many networks, slowed only by the cost of each try.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from web_image_ocr.identity.config import IdentityConfig
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.networks import client_network

MAX_NETWORKS = 10_000
"""Buckets in memory; the least recently used one, which is the fullest, is evicted first."""

_MINUTE_S = 60


class TokenBuckets:
    """Hold token buckets by key, initially full; thread-safe.

    Args:
        size: capacity of a bucket; 0 means no limit.
        seconds: time to fill an empty bucket.
        now: returns the seconds of a monotonic clock.
    """

    def __init__(
        self, size: int, seconds: float, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._size = size
        self._per_second = size / seconds
        self._now = now
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, key: str) -> float:
        """Take a token and return 0, or return the seconds until there is one."""
        if not self._size:
            return 0.0
        with self._lock:
            left = self._left(key)
            if left < 1:
                return self._seconds_to_one(left)
            self._keep(key, left - 1)
        return 0.0

    def refund(self, key: str) -> None:
        """Put an unused token back into its bucket."""
        if self._size:
            with self._lock:
                self._keep(key, min(self._left(key) + 1, self._size))

    def wait(self, key: str) -> float:
        """Return the seconds until there is a token; 0 when there is one."""
        if not self._size:
            return 0.0
        with self._lock:
            left = self._left(key)
        return 0.0 if left >= 1 else self._seconds_to_one(left)

    def _left(self, key: str) -> float:
        tokens, at = self._buckets.get(key, (self._size, 0.0))
        return min(self._size, tokens + (self._now() - at) * self._per_second)

    def _keep(self, key: str, tokens: float) -> None:
        self._buckets[key] = tokens, self._now()
        self._buckets.move_to_end(key)
        if len(self._buckets) > MAX_NETWORKS:
            self._buckets.popitem(last=False)

    def _seconds_to_one(self, left: float) -> float:
        return (1 - left) / self._per_second


@dataclass(slots=True)
class Attempt:
    """Record what a sign-in has used.

    Attributes:
        hashed: whether a password hash was computed.
        failed: whether it counts as a failure.
    """

    hashed: bool = False
    failed: bool = False


class SignInBudget:
    """Limit failures and password hashes of each client network."""

    def __init__(self, config: IdentityConfig, now: Callable[[], float] = time.monotonic) -> None:
        self._failures = TokenBuckets(config.failures_per_network, config.login_lock_seconds, now)
        self._hashes = TokenBuckets(config.sign_ins_per_minute, _MINUTE_S, now)
        self._rate = config.sign_ins_per_minute

    def check(self, client: str) -> None:
        """Raise as ``attempt`` does, but reserve nothing; does not block."""
        network = client_network(client)
        self._check_failures(self._failures.wait(network))
        self._check_hashes(self._hashes.wait(network))

    @contextmanager
    def attempt(self, client: str) -> Iterator[Attempt]:
        """Reserve a failure and a hash; return those that the body did not use.

        Reserving first keeps concurrent sign-ins within the budget.

        Raises:
            ServiceError: ``LOGIN_LOCKED`` after too many failures, ``RATE_LIMITED`` after too
                many sign-ins, both with ``retry_after``.
        """
        network = client_network(client)
        self._check_failures(self._failures.take(network))
        attempt = Attempt()
        try:
            self._check_hashes(self._hashes.take(network))
            try:
                yield attempt
            finally:
                if not attempt.hashed:
                    self._hashes.refund(network)
        finally:
            if not attempt.failed:
                self._failures.refund(network)

    def _check_failures(self, seconds: float) -> None:
        if seconds:
            raise ServiceError(
                ErrorKind.LOGIN_LOCKED,
                "too many failed sign-ins from this network",
                retry_after=seconds,
            )

    def _check_hashes(self, seconds: float) -> None:
        if seconds:
            raise ServiceError(
                ErrorKind.RATE_LIMITED,
                "too many sign-ins from this network",
                public={"limit": str(self._rate), "time": "1 minute"},
                retry_after=seconds,
            )
