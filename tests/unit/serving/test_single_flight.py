from __future__ import annotations

import asyncio
import gc
import time
import traceback

import pytest

from tests.support.fake_recognizer import FAKE_PAGE
from tests.unit.serving.reading import OPTIONS, HeldRecognizer, settle
from web_image_ocr.engine.page import Page
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.serving.page_lru import PageKey
from web_image_ocr.serving.single_flight import SingleFlight

KEY = PageKey("project", b"digest", OPTIONS)


class Readers:
    """Callers who want the same page."""

    def __init__(self) -> None:
        self.recognizer = HeldRecognizer()
        self.runs = SingleFlight()

    async def _page(self, deadline: Deadline) -> Page:
        run = self.runs.under_way(KEY) or self.runs.start(KEY, self._read)
        return await run.page(deadline)

    async def _read(self, deadline: Deadline) -> Page:
        return await self.recognizer.recognize(b"picture", OPTIONS, deadline, "project")

    async def call(self, seconds: float = 60) -> asyncio.Task[Page]:
        """A caller with so much time, who now waits."""
        task = asyncio.create_task(self._page(Deadline.after(seconds)))
        await settle()
        return task


@pytest.fixture
def readers() -> Readers:
    return Readers()


async def kind_of(call: asyncio.Task[Page]) -> ErrorKind:
    with pytest.raises(ServiceError) as caught:
        await call
    return caught.value.kind


async def test_all_who_wait_get_the_page_of_one_run(readers: Readers) -> None:
    calls = [await readers.call() for _ in range(5)]
    assert len(readers.recognizer.runs) == 1
    readers.recognizer.answer()
    assert await asyncio.gather(*calls) == [FAKE_PAGE] * 5


async def test_a_run_that_is_over_is_not_joined(readers: Readers) -> None:
    first = await readers.call()
    readers.recognizer.answer()
    await first
    second = await readers.call()
    assert len(readers.recognizer.runs) == 2
    readers.recognizer.answer()
    await second


@pytest.mark.parametrize("leaving", [0, 1, 2])
async def test_one_that_leaves_takes_nothing_from_the_others(
    readers: Readers, leaving: int
) -> None:
    calls = [await readers.call() for _ in range(3)]
    calls[leaving].cancel()
    await settle()
    assert calls.pop(leaving).cancelled(), "it does not wait for the run"
    readers.recognizer.answer()
    assert await asyncio.gather(*calls) == [FAKE_PAGE] * 2
    assert len(readers.recognizer.runs) == 1


async def test_a_run_that_nobody_waits_for_is_cancelled(readers: Readers) -> None:
    calls = [await readers.call() for _ in range(2)]
    calls[0].cancel()
    await settle()
    (run,) = readers.recognizer.runs
    assert not run.cancelled()
    calls[1].cancel()
    await settle()
    assert run.cancelled()
    late = await readers.call()
    readers.recognizer.answer()
    assert await late == FAKE_PAGE


async def test_a_run_that_is_slow_to_end_when_cancelled_is_not_joined() -> None:
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
            await may_end.wait()  # as the pool waits for the worker
        raise AssertionError("it was cancelled")

    first = asyncio.create_task(runs.start(KEY, stubborn).page(Deadline.never()))
    await settle()
    first.cancel()
    await settle()
    assert runs.under_way(KEY) is None
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
        ErrorKind.ENGINE_UNAVAILABLE,  # before the deadline: the picture has cost two workers
    ],
)
async def test_all_who_wait_get_the_error_of_one_run(readers: Readers, kind: ErrorKind) -> None:
    calls = [await readers.call(60 + extra) for extra in range(3)]
    error = ServiceError(kind, "as it is", public={"a": "b"}, retry_after=2.5)
    readers.recognizer.fail(error)
    for call in calls:
        with pytest.raises(ServiceError) as caught:
            await call
        assert caught.value is not error
        assert (caught.value.kind, caught.value.detail) == (kind, "as it is")
        assert (caught.value.public, caught.value.retry_after) == ({"a": "b"}, 2.5)
        assert len(traceback.extract_tb(caught.value.__traceback__)) < 5, "no frames of others"
    assert len(readers.recognizer.runs) == 1


async def test_what_nobody_foresaw_is_shared_too(readers: Readers) -> None:
    calls = [await readers.call() for _ in range(2)]
    readers.recognizer.fail(ZeroDivisionError())
    for call in calls:
        with pytest.raises(ZeroDivisionError):
            await call


async def test_each_waits_until_its_own_deadline(readers: Readers) -> None:
    long = await readers.call(60)
    started = time.monotonic()
    short = await readers.call(0.05)
    assert await kind_of(short) is ErrorKind.DEADLINE_EXCEEDED
    assert 0.04 < time.monotonic() - started < 5
    readers.recognizer.answer()
    assert await long == FAKE_PAGE


@pytest.mark.parametrize("kind", [ErrorKind.DEADLINE_EXCEEDED, ErrorKind.ENGINE_UNAVAILABLE])
async def test_when_time_runs_out_it_is_read_again_for_who_has_most_left(
    readers: Readers, kind: ErrorKind
) -> None:
    first = await readers.call(0.05)
    others = [await readers.call(seconds) for seconds in (30, 60, 40)]
    assert await kind_of(first) is ErrorKind.DEADLINE_EXCEEDED
    readers.recognizer.fail(ServiceError(kind))
    await settle()
    assert len(readers.recognizer.runs) == 2
    assert 55 < readers.recognizer.deadlines[1].remaining() <= 60
    readers.recognizer.answer()
    assert await asyncio.gather(*others) == [FAKE_PAGE] * 3


async def test_when_time_runs_out_for_all_it_is_read_no_more(readers: Readers) -> None:
    deadline = Deadline.after(0.05)
    run = readers.runs.start(KEY, readers._read)
    calls = [asyncio.create_task(run.page(deadline)) for _ in range(3)]
    for call in calls:
        assert await kind_of(call) is ErrorKind.DEADLINE_EXCEEDED
    await settle()
    assert len(readers.recognizer.runs) == 1
    assert readers.recognizer.runs[0].cancelled()


@pytest.mark.parametrize("steps", range(5))
async def test_an_error_that_nobody_waited_for_is_not_reported(
    readers: Readers, caplog: pytest.LogCaptureFixture, steps: int
) -> None:
    call = await readers.call()
    readers.recognizer.fail(ServiceError(ErrorKind.RECOGNITION_FAILED))
    readers.recognizer.runs.clear()
    for _ in range(steps):  # in one of them the run is over and its caller not yet told
        await asyncio.sleep(0)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await settle()
    del call
    gc.collect()
    assert not caplog.records
