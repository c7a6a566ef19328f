"""Run a real pool of processes whose fake engine is slow, raises, crashes, leaks or hangs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.soak.processes import children_of
from tests.unit.serving import faulty_worker
from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.page import RecognitionOptions
from web_image_ocr.images import ImageLimits
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.serving import launch
from web_image_ocr.serving import pool as pool_module
from web_image_ocr.serving import process as process_module
from web_image_ocr.serving.config import ServingConfig
from web_image_ocr.serving.installed_code import CodeChangedError, InstalledCode
from web_image_ocr.serving.messages import Start
from web_image_ocr.serving.pool import WorkerPool
from web_image_ocr.serving.process import WorkerLostError, WorkerProcess

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

WORKERS = 2
MEMORY_LIMIT = 300 << 20
"""Above the memory of a fake worker; above twice as much it is killed during a job."""
SOON = 0.5
"""Seconds to a deadline that will be missed."""
TIME_ENOUGH = 60.0


@pytest.fixture(scope="module", autouse=True)
def _fake_worker() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(launch, "WORKER_MODULE", faulty_worker.__name__)
        patch.setattr(pool_module, "_RESTART_DELAYS_S", (0.0,))  # many are lost here
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pool(_fake_worker: None) -> AsyncIterator[WorkerPool]:
    config = ServingConfig(
        workers=WORKERS, worker_memory_bytes=MEMORY_LIMIT, max_waiting_per_worker=20
    )
    async with WorkerPool(config, EngineConfig(), ImageLimits()) as pool:
        yield pool


async def _recognize(pool: WorkerPool, what: str, seconds: float = TIME_ENOUGH) -> str:
    deadline = Deadline.after(seconds)
    page = await pool.recognize(what.encode(), RecognitionOptions(), deadline, "project")
    return page.lines[0].text


async def _all_workers(pool: WorkerPool) -> set[int | None]:
    """Return the process IDs once all workers are alive."""
    while len(alive := {w.pid for w in pool._workers if w.alive}) <= WORKERS:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    return alive


async def _assert_failure(
    pool: WorkerPool, fault: str, seconds: float, kind: ErrorKind, lost: int
) -> None:
    """Assert that the fault ends in ``kind``, costs ``lost`` workers and harms no other call."""
    before = await _all_workers(pool)
    call = asyncio.create_task(_recognize(pool, fault, seconds))
    while not call.done():
        assert await _recognize(pool, "neighbour") == "neighbour"
        await asyncio.sleep(0.01)
    with pytest.raises(ServiceError) as caught:
        await call
    assert caught.value.kind is kind
    after = await _all_workers(pool)
    assert len(before - after) == lost
    texts = [f"text {number}" for number in range(6)]
    assert await asyncio.gather(*(_recognize(pool, text) for text in texts)) == texts


async def test_an_error_costs_no_worker(pool: WorkerPool) -> None:
    await _assert_failure(pool, "raise", TIME_ENOUGH, ErrorKind.RECOGNITION_FAILED, lost=0)


async def test_a_job_that_checks_its_deadline_costs_no_worker(pool: WorkerPool) -> None:
    await _assert_failure(pool, "slow", SOON, ErrorKind.DEADLINE_EXCEEDED, lost=0)


@pytest.mark.parametrize("fault", ["hang", "hang holding the GIL", "half a message"])
async def test_a_worker_that_hangs_is_killed(pool: WorkerPool, fault: str) -> None:
    await _assert_failure(pool, fault, SOON, ErrorKind.DEADLINE_EXCEEDED, lost=1)


@pytest.mark.parametrize(
    "fault",
    [
        *("exit", "segmentation fault", "leak"),
        *("invalid message", "another shape", "too much", "a wrong length", "a closed pipe"),
    ],
)
async def test_a_lost_job_is_retried_once(pool: WorkerPool, fault: str) -> None:
    await _assert_failure(pool, fault, TIME_ENOUGH, ErrorKind.ENGINE_UNAVAILABLE, lost=2)


async def test_a_pickle_is_not_recognize(pool: WorkerPool) -> None:
    trap = faulty_worker.trap_of(os.getpid())
    await _assert_failure(pool, "a pickle", TIME_ENOUGH, ErrorKind.ENGINE_UNAVAILABLE, lost=2)
    assert not trap.exists()


async def test_a_worker_that_has_grown_answers_before_it_is_replaced(pool: WorkerPool) -> None:
    before = await _all_workers(pool)
    assert await _recognize(pool, "grow") == "grow"
    assert len(before - await _all_workers(pool)) == 1


async def test_failed_starts_are_retried(tmp_path: Path) -> None:
    for number, fault in enumerate(("refuse to start", "bad message at start", "exit at start")):
        (tmp_path / f"{number} {fault}").touch()
    config = EngineConfig(detection_model=tmp_path)
    async with WorkerPool(ServingConfig(workers=1), config, ImageLimits()) as pool:
        assert await _recognize(pool, "after all") == "after all"


class _StaleCode(InstalledCode):
    """Behave as if the files were replaced while a worker imports them."""

    def __init__(self) -> None:
        self.at_start = "0.0.0+0"

    def check(self, found: str | None = None) -> None:
        if found is not None:
            super().check(found)


async def test_a_worker_that_imported_other_code_is_rejected() -> None:
    worker = WorkerProcess(Start(EngineConfig(), ImageLimits()), _StaleCode())
    with pytest.raises(CodeChangedError):
        await worker.start()
    await worker.close()


async def test_a_hung_start_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_module, "_START_TIMEOUT_S", 0.1)
    (tmp_path / "1 hang at start").touch()
    start = Start(EngineConfig(detection_model=tmp_path), ImageLimits())
    worker = WorkerProcess(start, InstalledCode())
    with pytest.raises(WorkerLostError):
        await worker.start()
    await worker.close()
    assert worker.pid not in children_of(os.getpid())
