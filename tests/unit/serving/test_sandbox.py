"""Run forbidden actions in a real worker process."""

from __future__ import annotations

import asyncio
import platform
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.unit.serving import sandboxed_worker as sandboxed
from web_image_ocr.engine.config import EngineConfig
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
        reason="seccomp is not supported here",
    ),
]


@asynccontextmanager
async def worker(
    monkeypatch: pytest.MonkeyPatch, *, confine: bool
) -> AsyncIterator[tuple[Ready, WorkerProcess]]:
    monkeypatch.setattr(launch, "WORKER_MODULE", sandboxed.__name__)
    start = Start(EngineConfig(), ImageLimits(), sandbox=confine)
    worker = WorkerProcess(start, InstalledCode())
    try:
        yield await worker.start(), worker
    finally:
        await worker.close()


async def outcome(worker: WorkerProcess, action: str) -> str:
    job = Job(action.encode(), RecognitionOptions(), Deadline.after(60), 1)
    page = await worker.answer(job)
    assert isinstance(page, Page), page
    return page.lines[0].text


async def test_the_sandbox_allows_required_actions_only(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    async with worker(monkeypatch, confine=True) as (ready, process):
        assert ready.unconfined == ""
        for prefix in ("", "in a thread: "):
            done = {
                action: await outcome(process, prefix + action) for action in sandboxed.REQUIRED
            }
            assert set(done.values()) == {"done"}, done
            done = {
                action: await outcome(process, prefix + action) for action in sandboxed.FORBIDDEN
            }
            assert set(done.values()) == {"ENOSYS"}, done
    assert sandboxed.FORGED_RECORD.decode() not in capfd.readouterr().err


async def test_without_the_sandbox_the_actions_succeed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise the test above would prove nothing."""
    async with worker(monkeypatch, confine=False) as (ready, process):
        assert ready.unconfined == "serving.sandbox is off"
        for action in sandboxed.FORBIDDEN:
            assert await outcome(process, action) == "done", action


async def test_an_orphan_of_a_worker_does_not_delay_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It holds the worker's end of the pipe and its sentinel."""
    async with (
        asyncio.timeout(sandboxed.ORPHAN_S * 3 / 4),
        worker(monkeypatch, confine=False) as (_, process),
    ):
        assert await outcome(process, "leave an orphan process") == "done"


def test_an_unsupported_architecture_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert "riscv64" in sandbox.enter_sandbox()
