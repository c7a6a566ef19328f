from __future__ import annotations

import asyncio

import pytest

from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.serving.admission import Admission


async def _hold(admission: Admission, until: asyncio.Event) -> None:
    async with admission.slot(Deadline.never()):
        await until.wait()


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_jobs_run_than_there_are_permits() -> None:
    admission = Admission(permits=2, max_waiting=16)
    end = asyncio.Event()
    running = 0
    most = 0

    async def job() -> None:
        nonlocal running, most
        async with admission.slot(Deadline.never()):
            running += 1
            most = max(most, running)
            await end.wait()
            running -= 1

    tasks = [asyncio.create_task(job()) for _ in range(5)]
    await _settle()
    assert running == 2
    end.set()
    await asyncio.gather(*tasks)
    assert most == 2


async def test_a_call_beyond_the_places_is_refused_at_once_and_told_when_to_come_back() -> None:
    admission = Admission(permits=1, max_waiting=2)
    async with admission.slot(Deadline.never()):
        await asyncio.sleep(0.02)  # the mean job now takes about this
    end = asyncio.Event()
    tasks = [asyncio.create_task(_hold(admission, end)) for _ in range(3)]
    await _settle()
    with pytest.raises(ServiceError) as caught:
        async with admission.slot(Deadline.never()):
            pytest.fail("a fourth call was let in")
    assert caught.value.kind is ErrorKind.OVERLOADED
    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= 0.06
    end.set()
    await asyncio.gather(*tasks)


async def test_without_places_a_call_runs_at_once_or_not_at_all() -> None:
    admission = Admission(permits=1, max_waiting=0)
    end = asyncio.Event()
    holder = asyncio.create_task(_hold(admission, end))
    await _settle()
    with pytest.raises(ServiceError):
        async with admission.slot(Deadline.never()):
            pytest.fail("there was no place to wait")
    end.set()
    await holder
    async with admission.slot(Deadline.never()):
        pass


async def test_a_wait_ends_with_the_deadline_and_gives_its_place_back() -> None:
    admission = Admission(permits=1, max_waiting=16)
    end = asyncio.Event()
    holder = asyncio.create_task(_hold(admission, end))
    await _settle()
    with pytest.raises(ServiceError) as caught:
        async with admission.slot(Deadline.after(0.01)):
            pytest.fail("there was no permit to be had")
    assert caught.value.kind is ErrorKind.DEADLINE_EXCEEDED
    end.set()
    await holder
    async with admission.slot(Deadline.after(1)):
        assert admission.alone


async def test_a_job_is_alone_only_without_others() -> None:
    admission = Admission(permits=2, max_waiting=16)
    end = asyncio.Event()
    first = asyncio.create_task(_hold(admission, end))
    await _settle()
    alone_at_first = admission.alone
    second = asyncio.create_task(_hold(admission, end))
    await _settle()
    alone_with_another = admission.alone
    end.set()
    await asyncio.gather(first, second)
    assert (alone_at_first, alone_with_another) == (True, False)
