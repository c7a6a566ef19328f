"""Describe usage reports: models, JSON and CSV encoders."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Literal

from pydantic import Field

from web_image_ocr.api.wire.codec import Wire, wire_time
from web_image_ocr.api.wire.management import Time
from web_image_ocr.identity import Tally, UsageReport

_PERCENTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = ("at", "project", "calls", "succeeded", "failed", "p50_ms", "p95_ms", "p99_ms")


class Latency(Wire):
    """Percentiles of the latency in milliseconds, exact to 9 percent."""

    p50: float
    p95: float
    p99: float


class UsagePoint(Wire):
    """Calls of one step."""

    at: Time
    calls: int
    succeeded: int
    failed: int
    latency_ms: Latency | None = Field(
        description="Latency of successful calls; null if there are none."
    )


class FailedCalls(Wire):
    """Failed calls with the same code."""

    code: str = Field(description="Empty: the client closed the connection before the answer.")
    status: int
    calls: int


class UsageTotal(Wire):
    """Sum of all steps."""

    calls: int
    succeeded: int
    failed: int
    codes: list[FailedCalls] = Field(description="Most frequent first.")
    latency_ms: Latency | None = Field(
        description="Latency of successful calls; null if there are none."
    )


class UsageAnswer(Wire):
    """Numbers of calls."""

    from_: Time = Field(alias="from")
    to: Time
    step: Literal["minute", "hour", "day", "month"]
    points: list[UsagePoint]
    total: UsageTotal


def encode_usage(report: UsageReport) -> dict[str, object]:
    """Return the report as a JSON object."""
    total = report.total
    return {
        "from": wire_time(report.window.start),
        "to": wire_time(report.window.end),
        "step": report.window.step.value,
        "points": [{"at": wire_time(at), **_sums(tally)} for at, tally in report.points],
        "total": {
            **_sums(total),
            "codes": [
                {"code": code, "status": status, "calls": calls}
                for (status, code), calls in total.failures.most_common()
            ],
        },
    }


def usage_csv(report: UsageReport, project: str) -> bytes:
    """Return the report as CSV (RFC 4180, UTF-8), one line for each step.

    Args:
        report: numbers of calls.
        project: name of the project; empty for all projects.
    """
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    lines.writerow(_COLUMNS)
    for at, tally in report.points:
        latency = _latency(tally) or dict.fromkeys(_PERCENTILES, "")
        lines.writerow(
            [
                wire_time(at),
                escape_formula(project),
                tally.succeeded + tally.failed,
                tally.succeeded,
                tally.failed,
                *latency.values(),
            ]
        )
    return text.getvalue().encode()


def escape_formula(text: str) -> str:
    """Return the text, quoted if a spreadsheet would run it as a formula (CSV injection)."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def file_name(start: datetime, end: datetime) -> str:
    """Return the name of the CSV file."""
    return f"usage-{start:%Y%m%dT%H%M}-{end:%Y%m%dT%H%M}.csv"


def _sums(tally: Tally) -> dict[str, object]:
    return {
        "calls": tally.succeeded + tally.failed,
        "succeeded": tally.succeeded,
        "failed": tally.failed,
        "latency_ms": _latency(tally),
    }


def _latency(tally: Tally) -> dict[str, object] | None:
    found = {name: tally.percentile(share) for name, share in _PERCENTILES.items()}
    return {name: round(value, 1) for name, value in found.items() if value is not None} or None
