"""Run the pool with real workers, models and signals."""

from __future__ import annotations

import asyncio
import errno
import gc
import os
import signal
import subprocess
import threading
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.soak.processes import workers_of
from tests.support.images import draw_image, encode_image, text_image
from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.page import RecognitionOptions
from web_image_ocr.images import ImageLimits
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.memory import ResidentMemory
from web_image_ocr.serving import launch, process
from web_image_ocr.serving.config import ServingConfig
from web_image_ocr.serving.installed_code import InstalledCode
from web_image_ocr.serving.messages import Start
from web_image_ocr.serving.pool import WorkerPool
from web_image_ocr.serving.process import WorkerProcess

pytestmark = pytest.mark.models

OPTIONS = RecognitionOptions()


@pytest.fixture
async def pool() -> AsyncIterator[WorkerPool]:
    limits = ImageLimits.for_edition("2021")
    async with WorkerPool(ServingConfig(workers=1), EngineConfig(), limits) as pool:
        yield pool


async def _recognize(pool: WorkerPool, text: str, seconds: float = 30) -> str:
    page = await pool.recognize(
        encode_image(text_image(text)), OPTIONS, Deadline.after(seconds), "project"
    )
    return " ".join(line.text for line in page.lines)


def _children() -> list[int]:
    return workers_of(os.getpid())


def _tunables(pid: int) -> list[bytes]:
    environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return [entry for entry in environment if entry.startswith(b"GLIBC_TUNABLES=")]


async def _until_two_workers(pool: WorkerPool) -> list[int]:
    await _recognize(pool, "warm")
    while len(_children()) < 2:  # noqa: ASYNC110 - processes set no event
        await asyncio.sleep(0.05)
    return _children()


async def test_an_image_is_recognized_and_its_stages_are_timed(pool: WorkerPool) -> None:
    page = await pool.recognize(
        encode_image(text_image("Hello pool")), OPTIONS, Deadline.after(30), "project"
    )
    assert [line.text for line in page.lines] == ["Hello pool"]
    assert {"decode", "detect", "read"} <= set(page.timings)
    assert pool.ready()


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="read from /proc")
async def test_a_worker_starts_without_thread_caches_and_releases_loading_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    start = Start(EngineConfig(), ImageLimits.for_edition("2021"))
    worker = WorkerProcess(start, InstalledCode())
    try:
        await worker.start()
        assert worker.pid is not None
        assert _tunables(worker.pid) == [b"GLIBC_TUNABLES=glibc.malloc.tcache_count=0"]
        # 185 MiB before its first image; 275 or more if the memory of loading is not released.
        memory = ResidentMemory(worker.pid)
        assert 0 < (memory.bytes() or 0) < 240 << 20
        memory.close()
    finally:
        await worker.close()


async def test_an_error_of_the_worker_keeps_its_kind(pool: WorkerPool) -> None:
    with pytest.raises(ServiceError) as caught:
        await pool.recognize(b"not an image", OPTIONS, Deadline.after(30), "project")
    assert caught.value.kind is ErrorKind.FORMAT_UNSUPPORTED
    assert await _recognize(pool, "still here") == "still here"


async def test_killing_all_idle_workers_fails_no_call(pool: WorkerPool) -> None:
    killed = await _until_two_workers(pool)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    while pool.ready():  # noqa: ASYNC110 - false once the sentinels have fired
        await asyncio.sleep(0.001)
    names = ["one", "two", "three", "four"]
    assert await asyncio.gather(*(_recognize(pool, name) for name in names)) == names
    assert not set(killed) & set(_children())


async def test_killed_workers_are_replaced_without_calls(pool: WorkerPool) -> None:
    killed = await _until_two_workers(pool)
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    while set(killed) & set(_children()) or not pool.ready():  # noqa: ASYNC110
        await asyncio.sleep(0.01)


async def test_killing_a_busy_worker_fails_no_call(pool: WorkerPool) -> None:
    before = {pid: _cpu_ticks(pid) for pid in await _until_two_workers(pool)}
    large = encode_image(draw_image(((99, 99), "Busy"), size=(3000, 3000), height=200))
    call = asyncio.create_task(pool.recognize(large, OPTIONS, Deadline.after(30), "project"))
    while not (busy := [pid for pid, ticks in before.items() if _cpu_ticks(pid) > ticks + 5]):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    os.kill(busy[0], signal.SIGKILL)
    assert [line.text for line in (await call).lines] == ["Busy"]
    assert busy[0] not in _children()


def _cpu_ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


async def test_the_last_used_worker_takes_the_next_job(pool: WorkerPool) -> None:
    """Its memory is warm; the spare worker stays small."""
    workers = await _until_two_workers(pool)
    while len(pool._workers) < 2:  # noqa: ASYNC110 - see above
        await asyncio.sleep(0.05)
    await _recognize(pool, "once")
    before = [_cpu_ticks(pid) for pid in workers]
    for text in ("again", "and again"):
        await _recognize(pool, text)
    worked = [_cpu_ticks(pid) > ticks for pid, ticks in zip(workers, before, strict=True)]
    assert sorted(worked) == [False, True]


async def test_the_first_worker_is_ready_before_the_next_one_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events: list[str] = []
    start = WorkerProcess.start

    async def noted(worker: WorkerProcess) -> None:
        events.append("starts")
        await start(worker)
        events.append("ready")

    monkeypatch.setattr(WorkerProcess, "start", noted)
    async with WorkerPool(ServingConfig(workers=2), EngineConfig(), ImageLimits()):
        while events.count("ready") < 3:  # noqa: ASYNC110 - a list sets no event
            await asyncio.sleep(0.05)
    assert events[:4] == ["starts", "ready", "starts", "starts"]


async def test_a_worker_above_its_limit_is_replaced_after_its_answer() -> None:
    limits = ImageLimits.for_edition("2021")
    small = ServingConfig(workers=1, worker_memory_bytes=100 << 20)  # a new one has 155 MiB
    async with WorkerPool(small, EngineConfig(), limits) as pool:
        before = await _until_two_workers(pool)
        assert await _recognize(pool, "another") == "another"
        while set(before) <= set(_children()):  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.05)
        assert await _recognize(pool, "and another") == "and another"


async def test_a_worker_far_above_its_limit_is_killed_during_the_job() -> None:
    limits = ImageLimits.for_edition("2021")
    tiny = ServingConfig(workers=1, worker_memory_bytes=16 << 20)
    async with WorkerPool(tiny, EngineConfig(), limits) as pool:
        with pytest.raises(ServiceError, match="2 workers were lost") as caught:
            await _recognize(pool, "too much")
    assert caught.value.kind is ErrorKind.ENGINE_UNAVAILABLE


async def test_a_late_answer_is_not_taken_for_the_next_job(
    pool: WorkerPool,
) -> None:
    workers = await _until_two_workers(pool)
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    late = asyncio.create_task(_recognize(pool, "late", seconds=0.2))
    with pytest.raises(ServiceError) as caught:
        await late
    assert caught.value.kind is ErrorKind.DEADLINE_EXCEEDED
    while len(left := set(workers) & set(_children())) > 1:  # noqa: ASYNC110 - see above
        await asyncio.sleep(0.01)
    for pid in left:  # the idle one
        os.kill(pid, signal.SIGCONT)
    assert await _recognize(pool, "again") == "again"


async def test_a_cancelled_call_costs_no_worker(pool: WorkerPool) -> None:
    workers = set(await _until_two_workers(pool))
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    call = asyncio.create_task(_recognize(pool, "leaving"))
    await asyncio.sleep(0.1)
    call.cancel()
    for pid in workers:
        os.kill(pid, signal.SIGCONT)
    with pytest.raises(asyncio.CancelledError):
        await call
    names = ["one", "two", "three"]
    assert [await _recognize(pool, name) for name in names] == names
    assert set(_children()) == workers


async def test_a_cancelled_call_keeps_its_permit_until_the_worker_is_free(
    pool: WorkerPool,
) -> None:
    workers = await _until_two_workers(pool)
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    leaving = asyncio.create_task(_recognize(pool, "leaving"))
    await asyncio.sleep(0.1)
    leaving.cancel()
    following = asyncio.create_task(_recognize(pool, "following"))
    await asyncio.sleep(0.3)
    assert not leaving.done(), "its worker is still busy"
    for pid in workers:
        os.kill(pid, signal.SIGCONT)
    assert await following == "following"
    assert leaving.cancelled()


async def test_closing_a_busy_pool_logs_nothing(caplog: pytest.LogCaptureFixture) -> None:
    limits = ImageLimits.for_edition("2021")
    async with WorkerPool(ServingConfig(workers=1), EngineConfig(), limits) as pool:
        for pid in await _until_two_workers(pool):
            os.kill(pid, signal.SIGSTOP)
        call = asyncio.create_task(_recognize(pool, "lost"))
        await asyncio.sleep(0.1)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    gc.collect()  # asyncio reports unretrieved exceptions on collection
    assert "never retrieved" not in caplog.text


async def test_a_start_refused_by_the_system_is_retried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusals = [OSError(errno.EAGAIN, "no process left"), OSError(errno.EMFILE, "no file left")]
    start_worker = launch.start_worker

    def refused_at_first(pipe: int, sentinel: int) -> subprocess.Popen[bytes]:
        if refusals:
            raise refusals.pop()
        return start_worker(pipe, sentinel)

    monkeypatch.setattr(process, "start_worker", refused_at_first)
    limits = ImageLimits.for_edition("2021")
    async with WorkerPool(ServingConfig(workers=1), EngineConfig(), limits) as pool:
        assert await _recognize(pool, "after all") == "after all"


@pytest.mark.parametrize("name", ["worker-pipe", "asyncio"])
async def test_a_thread_refused_by_the_system_costs_no_slot(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """This happens at ``TasksMax`` or ``pids.max``."""
    refused: list[str] = []
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith(name) and len(refused) < 2:
            refused.append(thread.name)
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    config = ServingConfig(workers=1, spare_workers=0)
    with capture_logs() as logged:
        async with WorkerPool(config, EngineConfig(), ImageLimits.for_edition("2021")) as pool:
            assert await _recognize(pool, "after all") == "after all"
            os.kill(_children()[0], signal.SIGKILL)
            assert await _recognize(pool, "and again") == "and again"
    details = [record["detail"] for record in logged if record["event"] == "worker did not start"]
    assert details == ["can't start new thread"] * len(refused)
    assert not _children()


async def test_a_slot_survives_a_fault_of_its_supervisor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    faults = [ValueError("a fault"), ValueError("another")]
    close = WorkerProcess.close

    async def closed(worker: WorkerProcess) -> None:
        await close(worker)
        if faults:
            raise faults.pop()

    monkeypatch.setattr(WorkerProcess, "close", closed)
    config = ServingConfig(workers=1, spare_workers=0)
    with capture_logs() as logged:
        async with WorkerPool(config, EngineConfig(), ImageLimits.for_edition("2021")) as pool:
            for _ in range(2):
                await _recognize(pool, "warm")
                os.kill(_children()[0], signal.SIGKILL)
            assert await _recognize(pool, "still here") == "still here"
    assert len([x for x in logged if x["event"] == "worker supervision failed"]) == 2


async def test_unreadable_memory_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(process, "ResidentMemory", partial(ResidentMemory, proc=tmp_path))
    with capture_logs() as logged:
        async with WorkerPool(
            ServingConfig(workers=1), EngineConfig(), ImageLimits.for_edition("2021")
        ) as pool:
            await _until_two_workers(pool)
            while len(pool._workers) < 2:  # noqa: ASYNC110 - see above
                await asyncio.sleep(0.05)
    warnings = [x for x in logged if x["event"] == "memory of workers is not bounded"]
    assert len(warnings) == 1
    assert "serving.worker_memory_bytes has no effect" in warnings[0]["detail"]


async def test_workers_end_with_a_pool_closed_during_their_start() -> None:
    limits = ImageLimits.for_edition("2021")
    async with WorkerPool(ServingConfig(workers=1), EngineConfig(), limits):
        await asyncio.sleep(0.05)
        assert _children()
    assert not _children()


async def test_workers_end_with_the_pool() -> None:
    limits = ImageLimits.for_edition("2021")
    async with WorkerPool(ServingConfig(workers=1), EngineConfig(), limits) as pool:
        workers = await _until_two_workers(pool)
    assert not set(workers) & set(_children())


async def test_missing_models_leave_the_pool_not_ready(tmp_path: Path) -> None:
    broken = EngineConfig(detection_model=tmp_path / "none.onnx")
    limits = ImageLimits.for_edition("2021")
    async with WorkerPool(ServingConfig(workers=1), broken, limits) as pool:
        with pytest.raises(ServiceError) as caught:
            await _recognize(pool, "nobody", seconds=3)
        assert caught.value.kind is ErrorKind.ENGINE_UNAVAILABLE
        assert not pool.ready()
