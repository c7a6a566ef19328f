"""Choose the number of workers that fits the cores and the memory limit."""

from __future__ import annotations

from typing import NamedTuple

import structlog

from web_image_ocr.primitives.memory import MemoryLimit
from web_image_ocr.serving.config import ServingConfig

log = structlog.stdlib.get_logger(__name__)

_MB = 10**6
SERVER_BYTES = 200 * _MB
"""Memory of the server process; see docs/operations.md."""
WORKER_BYTES = 550 * _MB
"""Memory of a worker after many images."""


class Plan(NamedTuple):
    """Count the worker processes.

    Attributes:
        workers: processes that recognize at the same time, 1 or more.
        spare: processes that stand by, 0 or more.
    """

    workers: int
    spare: int

    @property
    def bytes(self) -> int:
        """Return the approximate memory of the server and all of its workers."""
        return SERVER_BYTES + (self.workers + self.spare) * WORKER_BYTES


def plan_workers(config: ServingConfig, cores: int, limit: MemoryLimit | None) -> Plan:
    """Return how many workers to start; log a warning if memory is too low for them.

    Reduce the number to what fits into the limit, at least one worker, unless the settings
    name it.
    """
    wanted = Plan(config.workers or cores, config.spare_workers)
    if limit is None or wanted.bytes <= limit.bytes:
        return wanted
    plan = wanted if config.workers else _fitting(limit, wanted)
    advice = f"raise the limit to {wanted.bytes // _MB} MB"
    if not config.workers:
        advice += f" for {wanted.workers} workers"
    elif (best := _fitting(limit, wanted)) < wanted:
        advice += (
            f", or set serving.workers to {best.workers} and serving.spare_workers to {best.spare}"
        )
    if Plan(1, 0).bytes > limit.bytes:
        advice += f"; one worker without a spare needs {Plan(1, 0).bytes // _MB} MB"
    log.warning(
        "memory limit is low",
        limit_mb=limit.bytes // _MB,
        limit_from=str(limit.source),
        needed_mb=wanted.bytes // _MB,
        workers=plan.workers,
        spare_workers=plan.spare,
        detail=f"the kernel may kill workers: {advice}"
        if plan.bytes > limit.bytes
        else f"fewer workers than cores are started: {advice}",
    )
    return plan


def _fitting(limit: MemoryLimit, wanted: Plan) -> Plan:
    """Return the largest plan within the limit, or one worker if none fits."""
    processes = (limit.bytes - SERVER_BYTES) // WORKER_BYTES
    spare = wanted.spare if processes > wanted.spare else 0
    return Plan(max(1, min(wanted.workers, processes - spare)), spare)
