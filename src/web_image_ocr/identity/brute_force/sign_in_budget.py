"""Bound what one client network may try at sign-ins, under any names.

Threat: invented names, or one password tried on many users (password spraying). Neither meets
the lock of a single user, and each try costs a password hash.
Rule: a token bucket of failures and one of password hashes for each network; what is above them
is refused before anything is read or hashed. They are in memory: each server counts its own, a
restart forgets them, and no setting of the wall clock changes them.
What remains open: guessing from many networks, slowed only by the cost of each try.
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
"""Buckets kept at most; the one unused for longest, which is the fullest, is dropped first."""

_MINUTE_S = 60


class TokenBuckets:
    """Hold token buckets by key, full at first; safe for many threads.

    Args:
        size: tokens of a full bucket; 0 lets everything pass.
        seconds: time in which an empty bucket fills up.
        now: seconds of a clock that does not go back.
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
        """Take a token: return 0, or the seconds until there is one."""
        if not self._size:
            return 0.0
        with self._lock:
            left = self._left(key)
            if left < 1:
                return self._seconds_to_one(left)
            self._keep(key, left - 1)
        return 0.0

    def give_back(self, key: str) -> None:
        """Return a token that was not used to its bucket."""
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
    """Note what a sign-in under way has used.

    Attributes:
        hashed: whether a password hash was computed.
        failed: whether it counts as a failure.
    """

    hashed: bool = False
    failed: bool = False


class SignInBudget:
    """Bound failures and password hashes of each client network.

    Args:
        config: how many there may be.
        now: seconds of a clock that does not go back.
    """

    def __init__(self, config: IdentityConfig, now: Callable[[], float] = time.monotonic) -> None:
        self._failures = TokenBuckets(config.failures_per_network, config.login_lock_seconds, now)
        self._hashes = TokenBuckets(config.sign_ins_per_minute, _MINUTE_S, now)
        self._rate = config.sign_ins_per_minute

    def check(self, client: str) -> None:
        """Raise as ``attempt`` does; reserve nothing, and do not wait."""
        network = client_network(client)
        self._check_failures(self._failures.wait(network))
        self._check_hashes(self._hashes.wait(network))

    @contextmanager
    def attempt(self, client: str) -> Iterator[Attempt]:
        """Reserve a failure and a hash; what the body did not use is given back.

        Reserved first, a burst gets no more tries than the budget holds.

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
                    self._hashes.give_back(network)
        finally:
            if not attempt.failed:
                self._failures.give_back(network)

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
