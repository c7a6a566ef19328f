"""How many cores this process may really use, in a container too."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

from web_image_ocr.primitives import cgroups


def available_cores(process: Path = cgroups.PROCESS) -> int:
    """Return the cores by affinity, cut to the smallest CPU quota of the control groups.

    At least 1, also where the quota is a part of a core.

    Args:
        process: the process's folder in ``/proc``.
    """
    cores = float(len(os.sched_getaffinity(0)))
    return max(1, math.ceil(min([cores, *_quotas(process)])))


def _quotas(process: Path) -> Iterator[float]:
    """Yield each group's quota in cores; groups without one are left out."""
    for _, content in cgroups.values("cpu", "cpu.max", process):
        yield from _quota(*content.split())
    for file, quota in cgroups.values("cpu", "cpu.cfs_quota_us", process):
        try:
            period = file.with_name("cpu.cfs_period_us").read_text().strip()
        except OSError:
            continue
        yield from _quota(quota, period)


def _quota(quota: str = "max", period: str = "100000", *_more: str) -> Iterator[float]:
    if quota.isdigit() and period.isdigit() and int(period):  # else "max" or "-1": no limit
        yield int(quota) / int(period)
