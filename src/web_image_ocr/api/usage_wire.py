"""Counted calls as JSON and as CSV."""

from __future__ import annotations

import csv
import io
from datetime import datetime

from web_image_ocr.identity import Tally, UsageReport, wire_time

_SHARES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = ("at", "project", "calls", "succeeded", "failed", "p50_ms", "p95_ms", "p99_ms")


def encode_usage(report: UsageReport) -> dict[str, object]:
    """The report as a JSON object."""
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
    """The report as CSV (RFC 4180, UTF-8), a line a step.

    Args:
        report: what was counted.
        project: name of the project; empty for all together.
    """
    text = io.StringIO(newline="")
    lines = csv.writer(text)
    lines.writerow(_COLUMNS)
    for at, tally in report.points:
        latency = _latency(tally) or dict.fromkeys(_SHARES, "")
        lines.writerow(
            [
                wire_time(at),
                cell(project),
                tally.succeeded + tally.failed,
                tally.succeeded,
                tally.failed,
                *latency.values(),
            ]
        )
    return text.getvalue().encode()


def cell(text: str) -> str:
    """The text, such that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def file_name(start: datetime, end: datetime) -> str:
    """A name for the CSV file."""
    return f"usage-{start:%Y%m%dT%H%M}-{end:%Y%m%dT%H%M}.csv"


def _sums(tally: Tally) -> dict[str, object]:
    return {
        "calls": tally.succeeded + tally.failed,
        "succeeded": tally.succeeded,
        "failed": tally.failed,
        "latency_ms": _latency(tally),
    }


def _latency(tally: Tally) -> dict[str, object] | None:
    found = {name: tally.percentile(share) for name, share in _SHARES.items()}
    return {name: round(value, 1) for name, value in found.items() if value is not None} or None
