from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import structlog

from web_image_ocr.primitives.memory import MemoryLimit
from web_image_ocr.serving.capacity import Plan, plan_workers
from web_image_ocr.serving.config import ServingConfig


def plan_of(
    limit_mb: int | None, *, workers: int = 0, spare: int = 1, cores: int = 4
) -> tuple[Plan, list[Any]]:
    limit = None if limit_mb is None else MemoryLimit(limit_mb * 10**6, Path("/memory.max"))
    config = ServingConfig(workers=workers, spare_workers=spare)
    with structlog.testing.capture_logs() as records:
        return plan_workers(config, cores, limit), list(records)


@pytest.mark.parametrize("limit", [None, 2950, 100_000])
def test_a_plan_that_fits_logs_nothing(limit: int | None) -> None:
    assert plan_of(limit) == (Plan(4, 1), [])


@pytest.mark.parametrize(
    ("limit", "plan"),
    [
        (2949, Plan(3, 1)),
        (1300, Plan(1, 1)),
        (1299, Plan(1, 0)),
        (750, Plan(1, 0)),
        (9, Plan(1, 0)),
    ],
)
def test_without_a_setting_workers_are_reduced_to_the_limit(limit: int, plan: Plan) -> None:
    found, (record,) = plan_of(limit)
    assert found == plan
    assert record["event"] == "memory limit is low"
    assert record["log_level"] == "warning"
    assert (record["workers"], record["spare_workers"]) == plan
    assert record["limit_from"] == "/memory.max"
    assert (record["limit_mb"], record["needed_mb"]) == (limit, 2950)


def test_a_setting_above_the_limit_is_kept_with_a_warning() -> None:
    found, (record,) = plan_of(1300, workers=2)
    assert found == Plan(2, 1)
    assert record["detail"] == (
        "the kernel may kill workers: raise the limit to 1850 MB, "
        "or set serving.workers to 1 and serving.spare_workers to 1"
    )


def test_a_limit_below_the_minimum_names_the_minimum() -> None:
    found, (record,) = plan_of(512, workers=1)
    assert found == Plan(1, 1)
    assert record["detail"].endswith(
        "or set serving.workers to 1 and serving.spare_workers to 0; "
        "one worker without a spare needs 750 MB"
    )


def test_without_a_spare_one_more_worker_fits() -> None:
    assert plan_of(1300, spare=0, cores=2) == (Plan(2, 0), [])
