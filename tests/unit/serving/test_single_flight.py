from __future__ import annotations

import asyncio
import gc
import time
import traceback

import pytest

from tests.support.fake_recognizer import FAKE_PAGE
from tests.unit.serving.held_recognizer import OPTIONS, HeldRecognizer, settle
from web_image_ocr.engine.page import Page
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.serving.page_lru import PageKey
from web_image_ocr.serving.single_flight import SingleFlight

KEY = PageKey("project", b"digest", OPTIONS)


class Callers:
    """Make identical calls."""

    def __init__(self) -> None:
        self.recognizer = HeldRecognizer()
        self.runs = SingleFlight()

    async def _page(self, deadline: Deadline) -> Page:
        run = self.runs.in_flight(KEY) or self.runs.start(KEY, self._recognize)
        return await run.page(deadline)

    async def _recognize(self, deadline: Deadline) -> Page:
        return await self.recognizer.recognize(b"image", OPTIONS, deadline, "project")

    async def call(self, seconds: float = 60) -> asyncio.Task[Page]:
        """Return a call that waits, with this much time left."""
        task = asyncio.create_task(self._page(Deadline.after(seconds)))
        await settle()
        return task


@pytest.fixture
def callers() -> Callers:
    return Callers()


async def kind_of(call: asyncio.Task[Page]) -> ErrorKind:
    with pytest.raises(ServiceError) as caught:
        await call
    return caught.value.kind


async def test_all_callers_get_the_page_of_one_run(callers: Callers) -> None:
    calls = [await callers.call() for _ in range(5)]
    assert len(callers.recognizer.runs) == 1
    callers.recognizer.answer()
    assert await asyncio.gather(*calls) == [FAKE_PAGE] * 5


async def test_a_finished_run_is_not_joined(callers: Callers) -> None:
    first = await callers.call()
    callers.recognizer.answer()
    await first
    second = await callers.call()
    assert len(callers.recognizer.runs) == 2
    callers.recognizer.answer()
    await second


@pytest.mark.parametrize("leaving", [0, 1, 2])
async def test_a_cancelled_caller_does_not_affect_the_others(
    callers: Callers, leaving: int
) -> None:
    calls = [await callers.call() for _ in range(3)]
    calls[leaving].cancel()
    await settle()
    assert calls.pop(leaving).cancelled(), "it does not wait for the run"
    callers.recognizer.answer()
    assert await asyncio.gather(*calls) == [FAKE_PAGE] * 2
    assert len(callers.recognizer.runs) == 1


async def test_a_run_without_callers_is_cancelled(callers: Callers) -> None:
    calls = [await callers.call() for _ in range(2)]
    calls[0].cancel()
    await settle()
    (run,) = callers.recognizer.runs
    assert not run.cancelled()
    calls[1].cancel()
    await settle()
    assert run.cancelled()
    late = await callers.call()
    callers.recognizer.answer()
    assert await late == FAKE_PAGE


async def test_a_cancelled_run_that_has_not_ended_is_not_joined() -> None:
    runs = SingleFlight()
    may_end = asyncio.Event()
    started = 0

    async def stubborn(_deadline: Deadline) -> Page:
        nonlocal started
        started += 1
        if started > 1:
            return FAKE_PAGE
        try:
            await asyncio.sleep(60)
        finally:
            await may_end.wait()  # as the pool waits for its worker
        raise AssertionError("it was cancelled")

    first = asyncio.create_task(runs.start(KEY, stubborn).page(Deadline.never()))
    await settle()
    first.cancel()
    await settle()
    assert runs.in_flight(KEY) is None
    run = runs.start(KEY, stubborn)
    assert await run.page(Deadline.never()) == FAKE_PAGE
    may_end.set()
    await settle()


@pytest.mark.parametrize(
    "kind",
    [
        ErrorKind.FORMAT_UNSUPPORTED,
        ErrorKind.IMAGE_SIZE,
        ErrorKind.RECOGNITION_FAILED,
        ErrorKind.OVERLOADED,
        ErrorKind.ENGINE_UNAVAILABLE,  # before the deadline: the image crashed two workers
    ],
)
async def test_all_callers_get_the_error_of_one_run(callers: Callers, kind: ErrorKind) -> None:
    calls = [await callers.call(60 + extra) for extra in range(3)]
    error = ServiceError(kind, "as it is", public={"a": "b"}, retry_after=2.5)
    callers.recognizer.fail(error)
    for call in calls:
        with pytest.raises(ServiceError) as caught:
            await call
        assert caught.value is not error
        assert (caught.value.kind, caught.value.detail) == (kind, "as it is")
        assert (caught.value.public, caught.value.retry_after) == ({"a": "b"}, 2.5)
        assert len(traceback.extract_tb(caught.value.__traceback__)) < 5, "frames of others"
    assert len(callers.recognizer.runs) == 1


async def test_an_unexpected_exception_is_shared(callers: Callers) -> None:
    calls = [await callers.call() for _ in range(2)]
    callers.recognizer.fail(ZeroDivisionError())
    for call in calls:
        with pytest.raises(ZeroDivisionError):
            await call


async def test_each_caller_waits_until_its_deadline(callers: Callers) -> None:
    long = await callers.call(60)
    started = time.monotonic()
    short = await callers.call(0.05)
    assert await kind_of(short) is ErrorKind.DEADLINE_EXCEEDED
    assert 0.04 < time.monotonic() - started < 5
    callers.recognizer.answer()
    assert await long == FAKE_PAGE


@pytest.mark.parametrize("kind", [ErrorKind.DEADLINE_EXCEEDED, ErrorKind.ENGINE_UNAVAILABLE])
async def test_a_run_that_times_out_is_retried_with_the_latest_deadline(
    callers: Callers, kind: ErrorKind
) -> None:
    first = await callers.call(0.05)
    others = [await callers.call(seconds) for seconds in (30, 60, 40)]
    assert await kind_of(first) is ErrorKind.DEADLINE_EXCEEDED
    callers.recognizer.fail(ServiceError(kind))
    await settle()
    assert len(callers.recognizer.runs) == 2
    assert 55 < callers.recognizer.deadlines[1].remaining() <= 60
    callers.recognizer.answer()
    assert await asyncio.gather(*others) == [FAKE_PAGE] * 3


async def test_a_run_is_not_retried_after_the_latest_deadline(callers: Callers) -> None:
    deadline = Deadline.after(0.05)
    run = callers.runs.start(KEY, callers._recognize)
    calls = [asyncio.create_task(run.page(deadline)) for _ in range(3)]
    for call in calls:
        assert await kind_of(call) is ErrorKind.DEADLINE_EXCEEDED
    await settle()
    assert len(callers.recognizer.runs) == 1
    assert callers.recognizer.runs[0].cancelled()


@pytest.mark.parametrize("steps", range(5))
async def test_an_error_without_callers_is_not_logged_by_asyncio(
    callers: Callers, caplog: pytest.LogCaptureFixture, steps: int
) -> None:
    call = await callers.call()
    callers.recognizer.fail(ServiceError(ErrorKind.RECOGNITION_FAILED))
    callers.recognizer.runs.clear()
    for _ in range(steps):  # at one step the run has ended and its caller not resumed
        await asyncio.sleep(0)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await settle()
    del call
    gc.collect()
    assert not caplog.records
