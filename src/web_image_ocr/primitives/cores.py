"""How many cores this process may really use, in a container too."""

from __future__ import annotations

import math
import os
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def available_cores(cgroup: Path = _CGROUP) -> int:
    """Cores by affinity, cut to the CPU quota of the control group; at least 1.

    Args:
        cgroup: where the control group's files are; version 2 (``cpu.max``) and
            version 1 (``cpu/cpu.cfs_quota_us``) are read.
    """
    return max(1, min(len(os.sched_getaffinity(0)), math.ceil(_quota(cgroup))))


def _quota(cgroup: Path) -> float:
    """Cores' worth of CPU time the group may use; the host's core count without a limit."""
    unlimited = float(os.cpu_count() or 1)
    try:
        quota, period = (cgroup / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            quota = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return unlimited
    if not quota.isdigit():  # "max" or "-1": no limit
        return unlimited
    return int(quota) / int(period)
