"""Record calls and compute latency quantiles and throughput."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

OK = 200
TOO_MANY = 429
NO_RESPONSE = 0
"""Status of a call that failed or timed out."""

_QUANTILES = (0.5, 0.95, 0.99)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Record one call of the load generator.

    Attributes:
        due: Scheduled time, seconds since the start of the run; in a closed loop, when its
            connection became free.
        sent: Time of the first byte sent.
        ended: Time of the last byte received.
        status: HTTP status; ``NO_RESPONSE`` without a response.
        retry_after_s: ``Retry-After`` of the response, or None.
        stages_ms: ``Server-Timing`` of the response, milliseconds by stage.
    """

    due: float
    sent: float
    ended: float
    status: int
    retry_after_s: float | None = None
    stages_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def latency(self) -> float:
        """Return seconds from `due` to the response: avoids coordinated omission."""
        return self.ended - self.due


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Hold the calls of one run of the load generator.

    Attributes:
        calls: Calls in order of completion.
        wall_s: Seconds from the first call to the last response.
        generator_cpu_s: CPU time of the generator's process.
    """

    calls: Sequence[Call]
    wall_s: float
    generator_cpu_s: float

    def with_status(self, status: int) -> list[Call]:
        """Return the calls with a status."""
        return [call for call in self.calls if call.status == status]


def quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile by nearest rank.

    Args:
        values: At least one value.
        share: Above 0, at most 1.
    """
    return sorted(values)[math.ceil(share * len(values)) - 1]


def quantiles_ms(seconds: Sequence[float]) -> dict[str, float]:
    """Return ``p50``, ``p95``, ``p99`` and ``max`` in milliseconds; empty without values."""
    if not seconds:
        return {}
    named = {f"p{100 * share:.0f}": quantile(seconds, share) for share in _QUANTILES}
    return {name: round(1000 * value, 1) for name, value in (named | {"max": max(seconds)}).items()}


def due_times(rate: float, seconds: float) -> list[float]:
    """Schedule calls at a constant rate, in seconds from the start.

    Args:
        rate: Calls a second, above 0.
        seconds: Duration; the first call is due at 0.
    """
    return [number / rate for number in range(math.ceil(rate * seconds))]


def throughput(images: int, wall_s: float, *, generator_cpu_s: float, cores: int) -> float:
    """Return images a second, corrected for the load generator's CPU time.

    With all cores busy, the generator takes CPU time from the server. Its CPU time, divided by the
    cores, is subtracted from the wall time.
    """
    return images / (wall_s - generator_cpu_s / cores)


def overhead_ms(call: Call) -> float:
    """Return the server's milliseconds outside the worker.

    ``total`` runs from the request's headers to the response. All other stages but ``encode`` are
    the worker's.
    """
    stages = call.stages_ms
    worker = sum(ms for name, ms in stages.items() if name not in {"total", "encode"})
    return stages["total"] - worker


def summarize_calls(run: Run) -> dict[str, Any]:
    """Summarize accepted and rejected calls, with their latency."""
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
