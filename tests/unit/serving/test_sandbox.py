"""A real worker process whose engine tries what it must not."""

from __future__ import annotations

import asyncio
import platform
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.unit.serving import confined
from web_image_ocr.engine import EngineConfig
from web_image_ocr.engine.page import Page, RecognitionOptions
from web_image_ocr.images import ImageLimits
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.serving import launch, sandbox
from web_image_ocr.serving.installed_code import InstalledCode
from web_image_ocr.serving.messages import Job, Ready, Start
from web_image_ocr.serving.process import WorkerProcess

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not sys.platform.startswith("linux") or platform.machine() not in sandbox.MACHINES,
        reason="there is no sandbox here",
    ),
]


@asynccontextmanager
async def worker(
    monkeypatch: pytest.MonkeyPatch, *, confine: bool
) -> AsyncIterator[tuple[Ready, WorkerProcess]]:
    monkeypatch.setattr(launch, "CHILD", confined.__name__)
    start = Start(EngineConfig(), ImageLimits(), sandbox=confine)
    worker = WorkerProcess(start, InstalledCode())
    try:
        yield await worker.start(), worker
    finally:
        await worker.close()


async def outcome(worker: WorkerProcess, deed: str) -> str:
    job = Job(deed.encode(), RecognitionOptions(), Deadline.after(60), 1)
    page = await worker.answer(job)
    assert isinstance(page, Page), page
    return page.lines[0].text


async def test_a_worker_does_what_it_needs_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async with worker(monkeypatch, confine=True) as (ready, confined_worker):
        assert ready.unconfined == ""
        for prefix in ("", "in a thread: "):
            done = {deed: await outcome(confined_worker, prefix + deed) for deed in confined.NEEDS}
            assert set(done.values()) == {"done"}, done
            done = {deed: await outcome(confined_worker, prefix + deed) for deed in confined.DEEDS}
            assert set(done.values()) == {"ENOSYS"}, done
    assert confined.LOUD.decode() not in capfd.readouterr().err


async def test_without_the_sandbox_it_could(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the test above would show nothing."""
    async with worker(monkeypatch, confine=False) as (ready, free_worker):
        assert ready.unconfined == "serving.sandbox is off"
        for deed in confined.DEEDS:
            assert await outcome(free_worker, deed) == "done", deed


async def test_a_process_that_a_worker_left_behind_does_not_hold_up_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It has the worker's end of the pipe, and its sentinel."""
    async with (
        asyncio.timeout(confined.LEFT_BEHIND_S * 3 / 4),
        worker(monkeypatch, confine=False) as (_, free_worker),
    ):
        assert await outcome(free_worker, "leave a process behind") == "done"


def test_a_machine_without_one_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert "riscv64" in sandbox.enter_sandbox()
