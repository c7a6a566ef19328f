"""Represent calls with their outcome, and compute statistics of their times."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

OK = 200
TOO_MANY = 429
NO_ANSWER = 0
"""Status of a call whose connection broke or which nobody answered in time."""

_QUANTILES = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of the load generator.

    Attributes:
        due: when the schedule wanted it sent, seconds since the run began; in a closed loop,
            when its connection was free for it.
        sent: when its first byte was sent.
        ended: when its answer was complete.
        status: of the answer; ``NO_ANSWER`` without one.
        retry_after_s: when to come back, as the answer says; none if it does not.
        stages_ms: the answer's ``Server-Timing``, milliseconds by stage.
    """

    due: float
    sent: float
    ended: float
    status: int
    retry_after_s: float | None = None
    stages_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def latency(self) -> float:
        """Seconds from the moment it was due to its answer: a late generator hides nothing."""
        return self.ended - self.due


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Represent a run of the load generator.

    Attributes:
        calls: in the order they ended.
        wall_s: from the first call to the last answer.
        generator_cpu_s: CPU time that the generator's process took meanwhile.
    """

    calls: Sequence[Call]
    wall_s: float
    generator_cpu_s: float

    def with_status(self, status: int) -> list[Call]:
        """Return the calls with this status."""
        return [call for call in self.calls if call.status == status]


def quantile(values: Sequence[float], share: float) -> float:
    """Return the quantile of the values by nearest rank.

    Args:
        values: at least one.
        share: above 0, at most 1.
    """
    return sorted(values)[math.ceil(share * len(values)) - 1]


def quantiles_ms(seconds: Sequence[float]) -> dict[str, float]:
    """``p50``, ``p95``, ``p99`` and ``max`` in milliseconds; nothing of no values."""
    if not seconds:
        return {}
    named = {f"p{100 * share:.0f}": quantile(seconds, share) for share in _QUANTILES}
    return {name: round(1000 * value, 1) for name, value in (named | {"max": max(seconds)}).items()}


def due_times(rate: float, seconds: float) -> list[float]:
    """When the calls of a constant rate are due: an absolute schedule, in seconds from its start.

    Args:
        rate: calls a second, above 0.
        seconds: how long calls are made; the first is due at 0.
    """
    return [number / rate for number in range(math.ceil(rate * seconds))]


def throughput(pictures: int, wall_s: float, *, generator_cpu_s: float, cores: int) -> float:
    """Return images a second, corrected for the generator's CPU time.

    On cores that are all busy, what the generator computes is taken from the server: its CPU time,
    spread over the cores, is taken off the wall time.
    """
    return pictures / (wall_s - generator_cpu_s / cores)


def overhead_ms(call: Call) -> float:
    """Return the server's time beside decoding and recognition, milliseconds.

    ``total`` is the server's own time from the request's head to the answer; every other stage
    but ``encode`` is the worker's.
    """
    stages = call.stages_ms
    worker = sum(ms for name, ms in stages.items() if name not in {"total", "encode"})
    return stages["total"] - worker


def answers(run: Run) -> dict[str, Any]:
    """Summarize accepted and refused calls and their latency."""
    accepted, refused = run.with_status(OK), run.with_status(TOO_MANY)
    statuses = sorted({call.status for call in run.calls} - {OK, TOO_MANY})
    return {
        "calls": len(run.calls),
        "accepted": len(accepted),
        "refused": len(refused),
        "others": {str(status): len(run.with_status(status)) for status in statuses},
        "accepted_ms": quantiles_ms([call.latency for call in accepted]),
        "refused_ms": quantiles_ms([call.ended - call.sent for call in refused]),
        "refused_without_retry_after": sum(call.retry_after_s is None for call in refused),
        "generator_late_ms": quantiles_ms([call.sent - call.due for call in run.calls]),
    }
