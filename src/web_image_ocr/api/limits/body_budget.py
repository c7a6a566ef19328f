"""Limit the memory of all request bodies, and the share of one client.

Threat: slow bodies (slowloris). A signature can be checked only when the whole body has arrived.
Anyone who knows the public half of an access key can send bodies and withhold their last bytes.
Rule: unauthenticated bodies get one part of the memory. Within it, each client network and each
key used from it has a dynamic threshold (Choudhury and Hahne): a holder may reserve bytes while it
then holds at most a fixed multiple of the free memory. A lone holder gets most of the memory, and
some is always left for the next one. Projects share the memory of authenticated bodies by the
same rule.
Remaining risk: a client with addresses in many networks has a share in each of them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_NETWORK_MULTIPLE = 1.0
"""Multiple of the free memory that one client network may hold: a lone network gets half."""

_KEY_MULTIPLE = 0.5
"""Multiple for one key used from one network: a lone key gets a third. The rest of the network's
half is for other clients behind the same NAT."""

_PROJECT_MULTIPLE = 3.0
"""Multiple for one project: a lone project gets three quarters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Name the shares against which the bytes of one body count.

    Attributes:
        authenticated: true also where the server needs no authentication.
        shares: name of each share, and the multiple of the free memory that it may hold.
    """

    authenticated: bool
    shares: tuple[tuple[str, float], ...]


def unauthenticated(network: str, key: str = "") -> Holder:
    """Return the holder for the body of a caller who is not authenticated yet.

    Args:
        network: of the client, see ``primitives.networks``.
        key: public half of the access key in the request's headers.
    """
    shares = ((f"network {network}", _NETWORK_MULTIPLE), (f"key {key} in {network}", _KEY_MULTIPLE))
    return Holder(authenticated=False, shares=shares)


def authenticated(project: str) -> Holder:
    """Return the holder for the body of an authenticated caller.

    Args:
        project: id of the project or, for calls of the management API, of the account.
    """
    return Holder(authenticated=True, shares=((f"project {project}", _PROJECT_MULTIPLE),))


class BodyBudget:
    """Limit the memory of request bodies and of fetched images; used from one event loop.

    Args:
        total: bytes.
        unauthenticated: bytes of ``total`` that unauthenticated callers may reserve.
        floor: bytes that every holder may reserve while they are free, whatever its
            threshold; the size of the largest body, so that one always fits.
    """

    def __init__(self, total: int, *, unauthenticated: int, floor: int) -> None:
        self._left = total
        self._unauthenticated_left = unauthenticated
        self._floor = floor
        self._held: Counter[str] = Counter()

    @property
    def left(self) -> int:
        """Return the free bytes."""
        return self._left

    @property
    def unauthenticated_left(self) -> int:
        """Return the bytes that unauthenticated callers may still reserve together."""
        return min(self._left, self._unauthenticated_left)

    @property
    def holders(self) -> int:
        """Return the number of shares with reserved bytes."""
        return len(self._held)

    def reserve(self, size: int, holder: Holder) -> None:
        """Reserve ``size`` bytes.

        Raises:
            ServiceError: ``OVERLOADED`` when the memory or the holder's share is full.
        """
        free = self._left if holder.authenticated else self.unauthenticated_left
        if size > free:
            raise _overloaded("the memory for request bodies is full")
        self._check_shares(size, holder, free - size)
        self._move(size, holder)

    def transfer(self, size: int, old: Holder, new: Holder) -> None:
        """Transfer ``size`` reserved bytes from ``old`` to ``new``.

        Raises:
            ServiceError: ``OVERLOADED`` when the share of ``new`` is full; ``old`` still
                holds the bytes then.
        """
        self.release(size, old)
        try:
            self.reserve(size, new)
        except ServiceError:
            self._move(size, old)
            raise

    def release(self, size: int, holder: Holder) -> None:
        """Release ``size`` bytes."""
        self._move(-size, holder)

    def _check_shares(self, size: int, holder: Holder, free_then: int) -> None:
        if size == 0:
            return
        for name, multiple in holder.shares:
            if self._held[name] + size > max(self._floor, multiple * free_then):
                raise _overloaded("request bodies of one client, key or project fill its share")

    def _move(self, size: int, holder: Holder) -> None:
        self._left -= size
        if not holder.authenticated:
            self._unauthenticated_left -= size
        for name, _ in holder.shares:
            self._held[name] += size
            if not self._held[name]:
                del self._held[name]


def _overloaded(detail: str) -> ServiceError:
    return ServiceError(ErrorKind.OVERLOADED, detail, retry_after=1.0)
