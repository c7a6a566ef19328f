"""Clients that call all at once and note what became of every call."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.soak.wire import Call, Client, Fate, Outcome

AT_ONCE = 8
"""Clients that call at the same time."""
_FRESH = 0.25
"""Share of calls on a new connection."""


@dataclass(slots=True)
class Tally:
    """What became of the calls so far.

    Attributes:
        calls: how many are over, by kind.
        fates: how many came to which end.
        wrong: kind, what was expected and what came, of calls answered otherwise.
        differing: kinds of good calls that had another answer than the first for the image.
        first: the first answer for each image, by its name.
    """

    calls: Counter[str] = field(default_factory=Counter)
    fates: Counter[Fate] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    differing: list[str] = field(default_factory=list)
    first: dict[str, bytes] = field(default_factory=dict)

    @property
    def done(self) -> int:
        """Calls that are over."""
        return self.calls.total()

    def note(self, call: Call, outcome: Outcome) -> None:
        """Add a call."""
        self.calls[call.kind] += 1
        self.fates[outcome.fate] += 1
        if outcome.fate is not Fate.ANSWERED:
            return
        if (outcome.status, outcome.code) != (call.status, call.code):
            expected, came = f"{call.status} {call.code}", f"{outcome.status} {outcome.code}"
            self.wrong.append(f"{call.kind}: {expected} expected, {came} came")
        elif call.same and self.first.setdefault(call.same, outcome.body) != outcome.body:
            self.differing.append(f"{call.kind}: {call.same}")


def drive(
    url: str,
    calls: Iterator[Call],
    tally: Tally,
    *,
    go_on: Callable[[], bool] = lambda: True,
    clients: int = AT_ONCE,
    noted: Callable[[Call, Outcome], None] = lambda _call, _outcome: None,
) -> None:
    """Have the calls made by clients in closed loops, until they end or ``go_on`` says no.

    Args:
        url: of the server.
        calls: taken one by one, by whichever client is free.
        tally: what becomes of them.
        go_on: asked before each call.
        clients: how many call at once; each keeps its connection for most of its calls.
        noted: told of each call, one at a time.
    """
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    place = parts.hostname, parts.port
    lock = threading.Lock()

    def loop(seed: int) -> None:
        drawn = random.Random(seed)  # noqa: S311 - no secret
        client = Client(*place)
        try:
            while go_on():
                with lock:
                    call = next(calls, None)
                if call is None:
                    return
                outcome = client.call(call, fresh=drawn.random() < _FRESH)
                with lock:
                    tally.note(call, outcome)
                    noted(call, outcome)
        finally:
            client.close()

    with ThreadPoolExecutor(clients) as threads:
        for running in [threads.submit(loop, seed) for seed in range(clients)]:
            running.result()
