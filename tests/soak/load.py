"""Call from concurrent clients and tally the outcomes."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.soak.client import Call, Client, Fate, Outcome

AT_ONCE = 8
"""Clients that call at the same time."""
_FRESH = 0.25
"""Share of calls on a new connection."""


@dataclass(slots=True)
class Tally:
    """Count the outcomes of calls.

    Attributes:
        calls: Completed calls by kind.
        fates: Completed calls by fate.
        wrong: Calls with another status or error code than expected.
        differing: Valid calls whose response differs from the first one for the image.
        first: First response for each image name.
    """

    calls: Counter[str] = field(default_factory=Counter)
    fates: Counter[Fate] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    first: dict[str, bytes] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """Return the number of completed calls."""
        return self.calls.total()

    def note(self, call: Call, outcome: Outcome) -> None:
        """Add a call."""
        self.calls[call.kind] += 1
        self.fates[outcome.fate] += 1
        if outcome.fate is not Fate.ANSWERED:
            return
        if (outcome.status, outcome.code) != (call.status, call.code):
            expected, came = f"{call.status} {call.code}", f"{outcome.status} {outcome.code}"
            self.wrong.append(f"{call.kind}: expected {expected}, got {came}")
        elif call.same and self.first.setdefault(call.same, outcome.body) != outcome.body:
            self.differing.append(f"{call.kind}: {call.same}")


def drive(
    url: str,
    calls: Iterator[Call],
    tally: Tally,
    *,
    go_on: Callable[[], bool] = lambda: True,
    clients: int = AT_ONCE,
    on_outcome: Callable[[Call, Outcome], None] = lambda _call, _outcome: None,
) -> None:
    """Send calls from clients in closed loops, until they end or ``go_on`` returns False.

    Args:
        url: URL of the server.
        calls: Calls; each free client takes the next one.
        tally: Receives the outcomes.
        go_on: Called before each call.
        clients: Number of clients; each reuses its connection for most calls.
        on_outcome: Called after each call, never concurrently.
    """
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    address = parts.hostname, parts.port
    lock = threading.Lock()

    def loop(seed: int) -> None:
        drawn = random.Random(seed)  # noqa: S311 - no secret
        client = Client(*address)
        try:
            while go_on():
                with lock:
                    call = next(calls, None)
                if call is None:
                    return
                outcome = client.call(call, fresh=drawn.random() < _FRESH)
                with lock:
                    tally.note(call, outcome)
                    on_outcome(call, outcome)
        finally:
            client.close()

    with ThreadPoolExecutor(clients) as threads:
        for running in [threads.submit(loop, seed) for seed in range(clients)]:
            running.result()
