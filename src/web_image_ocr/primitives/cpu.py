"""Detect the CPU cores that this process may use, and the CPU's INT8 instructions."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from web_image_ocr.primitives import cgroups

_CPUINFO = Path("/proc/cpuinfo")
_VNNI_FLAGS = frozenset({"avx512_vnni", "avx_vnni"})


def available_cores(process: Path = cgroups.PROCESS) -> int:
    """Return the number of cores this process may use, at least 1.

    That is the CPU affinity, limited by the smallest CPU quota of the control groups. Fractions
    of a core are rounded up.
    """
    cores = float(len(os.sched_getaffinity(0)))
    return max(1, math.ceil(min([cores, *_quotas(process)])))


@cache
def has_vnni(cpuinfo: Path = _CPUINFO) -> bool:
    """Return whether the CPU has VNNI instructions; false if unknown.

    Without VNNI, ONNX Runtime adds two INT8 products in 16 bits, which may saturate.
    """
    try:
        lines = cpuinfo.read_text(errors="replace").splitlines()
    except OSError:
        return False
    flags = next((x.split() for x in lines if x.startswith("flags")), [])
    return not _VNNI_FLAGS.isdisjoint(flags)


def _quotas(process: Path) -> Iterator[float]:
    """Yield the CPU quota, in cores, of each control group that has one."""
    for _, content in cgroups.values("cpu", "cpu.max", process):
        yield from _quota(*content.split())
    for file, quota in cgroups.values("cpu", "cpu.cfs_quota_us", process):
        try:
            period = file.with_name("cpu.cfs_period_us").read_text().strip()
        except OSError:
            continue
        yield from _quota(quota, period)


def _quota(quota: str = "max", period: str = "100000", *_more: str) -> Iterator[float]:
    if quota.isdigit() and period.isdigit() and int(period):  # otherwise "max" or "-1": no limit
        yield int(quota) / int(period)
