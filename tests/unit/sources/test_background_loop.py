from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.background_loop import BackgroundEventLoop

VARIABLE = contextvars.ContextVar("VARIABLE", default="")


async def thread_and_variable() -> tuple[str, str]:
    return threading.current_thread().name, VARIABLE.get()


async def fail() -> None:
    raise ServiceError(ErrorKind.OVERLOADED)


async def test_results_and_errors_come_from_another_thread() -> None:
    VARIABLE.set("of the call")
    async with BackgroundEventLoop("beside") as loop:
        assert await loop.run(thread_and_variable()) == ("beside", "of the call")
        with pytest.raises(ServiceError):
            await loop.run(fail())
    assert "beside" not in {thread.name for thread in threading.enumerate()}


async def test_work_of_a_cancelled_caller_is_cancelled() -> None:
    started, ended = threading.Event(), threading.Event()

    async def forever() -> None:
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with BackgroundEventLoop("beside") as loop:
        waiting = asyncio.create_task(loop.run(forever()))
        await asyncio.to_thread(started.wait, 10)
        waiting.cancel()
        assert await asyncio.to_thread(ended.wait, 10)


async def test_running_work_is_cancelled_at_the_end() -> None:
    async with BackgroundEventLoop("beside") as loop:
        waiting = asyncio.create_task(loop.run(asyncio.sleep(60)))
        await loop.run(asyncio.sleep(0))  # now the other one runs
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_no_caller_waits_forever_whenever_the_loop_ends() -> None:
    for ended_after in range(20):
        async with BackgroundEventLoop("beside") as loop:
            calls = [asyncio.create_task(loop.run(asyncio.sleep(0))) for _ in range(40)]
            for _ in range(ended_after):
                await asyncio.sleep(0)
            calls += [asyncio.create_task(loop.run(asyncio.sleep(0))) for _ in range(40)]
        _, waiting = await asyncio.wait(calls, timeout=10)
        assert waiting == set()
        assert {type(call.exception()) for call in calls if not call.cancelled()} <= {type(None)}


async def test_work_after_the_end_is_cancelled() -> None:
    async with BackgroundEventLoop("beside") as loop:
        pass
    with pytest.raises(asyncio.CancelledError):
        await loop.run(asyncio.sleep(0))


async def test_the_callers_loop_runs_while_this_one_is_busy() -> None:
    release = threading.Event()

    async def busy() -> bool:
        return release.wait(10)  # like a parser that does not yield

    async with BackgroundEventLoop("beside") as loop:
        waiting = asyncio.create_task(loop.run(busy()))
        await asyncio.sleep(0.01)
        release.set()
        assert await waiting
