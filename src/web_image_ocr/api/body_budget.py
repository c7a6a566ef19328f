"""Bound the memory that request bodies take together, and the share that one peer may hold.

Threat: a signature can be checked only when the whole body has come, so anyone who knows the
public half of an access key can make the server hold bodies and withhold their last bytes.
Rule: unauthenticated bodies fill one part of the memory at most. Within it, one client network
and one key used from it are bounded by dynamic thresholds (Choudhury and Hahne): a holder may
take bytes while it then holds at most a fixed multiple of what is left free. A lone holder gets
most of the memory, and some is left for the next one at any time. Projects share the memory of
authenticated bodies by the same rule.
What remains open: a peer with addresses in many networks holds a share with each of them.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_OF_A_NETWORK = 1.0
"""Multiple of the free memory that one client network may hold: alone, one half of all."""

_OF_A_KEY = 0.5
"""Multiple for one key used from one network: alone, one third. The rest of the network's half
is for its other clients, so that neighbors behind one NAT do not starve each other."""

_OF_A_PROJECT = 3.0
"""Multiple for one project: alone, three quarters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Name the shares that the bytes of one body count against.

    Attributes:
        authenticated: whether the caller is authenticated, or need not be.
        shares: a name and the multiple of the free memory that it may hold, for each share.
    """

    authenticated: bool
    shares: tuple[tuple[str, float], ...]


def unauthenticated(network: str, key: str = "") -> Holder:
    """Return the holder for a body whose caller is not authenticated yet.

    Args:
        network: of the client, see ``primitives.networks``.
        key: public half of the access key that the caller claims to have.
    """
    shares = ((f"network {network}", _OF_A_NETWORK), (f"key {key} in {network}", _OF_A_KEY))
    return Holder(authenticated=False, shares=shares)


def authenticated(project: str) -> Holder:
    """Return the holder for a body of an authenticated caller.

    Args:
        project: id of the project or, for calls of the management API, of the account.
    """
    return Holder(authenticated=True, shares=((f"project {project}", _OF_A_PROJECT),))


class BodyBudget:
    """Bound the memory of request bodies and of what is fetched for them.

    Used from one event loop.

    Args:
        total: bytes.
        unauthenticated: bytes of them for callers who are not authenticated.
        floor: bytes that every holder may have while they are free, whatever its threshold;
            the largest body, so that one always fits.
    """

    def __init__(self, total: int, *, unauthenticated: int, floor: int) -> None:
        self._left = total
        self._unauthenticated_left = unauthenticated
        self._floor = floor
        self._held: Counter[str] = Counter()

    @property
    def left(self) -> int:
        """Return the bytes that nobody holds."""
        return self._left

    @property
    def unauthenticated_left(self) -> int:
        """Return the bytes that unauthenticated callers may still take together."""
        return min(self._left, self._unauthenticated_left)

    @property
    def holders(self) -> int:
        """Return the number of shares of which something is held."""
        return len(self._held)

    def take(self, size: int, holder: Holder) -> None:
        """Reserve ``size`` bytes.

        Raises:
            ServiceError: ``OVERLOADED`` when they, or the holder's share, are used up.
        """
        free = self._left if holder.authenticated else self.unauthenticated_left
        if size > free:
            raise _overloaded("requests fill the memory set aside for them")
        self._check_shares(size, holder, free - size)
        self._move(size, holder)

    def hand_over(self, size: int, old: Holder, new: Holder) -> None:
        """Count ``size`` bytes that ``old`` holds as those of ``new``.

        Raises:
            ServiceError: ``OVERLOADED`` when the share of ``new`` is used up; ``old`` still
                holds the bytes then.
        """
        self.give_back(size, old)
        try:
            self.take(size, new)
        except ServiceError:
            self._move(size, old)
            raise

    def give_back(self, size: int, holder: Holder) -> None:
        """Release ``size`` bytes."""
        self._move(-size, holder)

    def _check_shares(self, size: int, holder: Holder, free_then: int) -> None:
        if size == 0:
            return
        for name, multiple in holder.shares:
            if self._held[name] + size > max(self._floor, multiple * free_then):
                raise _overloaded("requests of one client, key or project fill its share")

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
