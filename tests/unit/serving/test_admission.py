from __future__ import annotations

import asyncio

import pytest

from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.serving.admission import Admission


async def _hold(admission: Admission, until: asyncio.Event, project: str = "project") -> None:
    async with admission.permit(project, Deadline.never()):
        await until.wait()


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_no_more_jobs_run_than_permits() -> None:
    admission = Admission(permits=2, max_waiting=16)
    end = asyncio.Event()
    running = 0
    most = 0

    async def job() -> None:
        nonlocal running, most
        async with admission.permit("project", Deadline.never()):
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


async def test_a_call_beyond_the_queue_is_rejected_with_retry_after() -> None:
    admission = Admission(permits=1, max_waiting=2)
    async with admission.permit("project", Deadline.never()):
        await asyncio.sleep(0.02)  # the mean job now takes about this
    end = asyncio.Event()
    tasks = [asyncio.create_task(_hold(admission, end)) for _ in range(3)]
    await _settle()
    with pytest.raises(ServiceError) as caught:
        async with admission.permit("project", Deadline.never()):
            pytest.fail("a fourth call was admitted")
    assert caught.value.kind is ErrorKind.OVERLOADED
    assert caught.value.retry_after is not None
    assert caught.value.retry_after >= 0.06
    end.set()
    await asyncio.gather(*tasks)


async def test_without_a_queue_a_call_runs_at_once_or_is_rejected() -> None:
    admission = Admission(permits=1, max_waiting=0)
    end = asyncio.Event()
    holder = asyncio.create_task(_hold(admission, end))
    await _settle()
    with pytest.raises(ServiceError):
        async with admission.permit("project", Deadline.never()):
            pytest.fail("the queue has no place")
    end.set()
    await holder
    async with admission.permit("project", Deadline.never()):
        pass


async def test_a_wait_ends_at_the_deadline_and_frees_its_place() -> None:
    admission = Admission(permits=1, max_waiting=16)
    end = asyncio.Event()
    holder = asyncio.create_task(_hold(admission, end))
    await _settle()
    with pytest.raises(ServiceError) as caught:
        async with admission.permit("project", Deadline.after(0.01)):
            pytest.fail("no permit was free")
    assert caught.value.kind is ErrorKind.DEADLINE_EXCEEDED
    end.set()
    await holder
    async with admission.permit("project", Deadline.after(1)):
        assert admission.alone


async def test_alone_is_true_for_a_single_job_only() -> None:
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


class Jobs:
    """Start jobs of several projects; each runs until the test ends it.

    Attributes:
        admission: runs one job at a time; four may wait.
        running: names of the admitted jobs, in order.
    """

    def __init__(self) -> None:
        self.admission = Admission(permits=1, max_waiting=4)
        self.running: list[str] = []
        self._ends: list[asyncio.Event] = []

    async def run(self, project: str, name: str = "") -> None:
        async with self.admission.permit(project, Deadline.never()):
            self.running.append(name or project)
            self._ends.append(asyncio.Event())
            await self._ends[-1].wait()

    def start(self, project: str, *names: str) -> list[asyncio.Task[None]]:
        return [asyncio.create_task(self.run(project, name)) for name in names or (project,)]

    async def finish_one(self) -> None:
        self._ends[-1].set()
        await _settle()


async def test_projects_are_served_round_robin_each_in_order() -> None:
    jobs = Jobs()
    tasks = jobs.start("a", "a1", "a2", "a3", "a4")
    await _settle()
    tasks += jobs.start("b", "b1")
    await _settle()
    for _ in range(5):
        await jobs.finish_one()
    await asyncio.gather(*tasks)
    assert jobs.running == ["a1", "a2", "b1", "a3", "a4"]


async def test_a_flood_only_harms_its_own_project() -> None:
    """Fifty calls at once against one at a time: that one waits for two jobs, never rejected."""
    jobs = Jobs()
    flood = jobs.start("a", *[""] * 50)
    await _settle()
    assert sum(task.done() for task in flood) == 45
    for turn in range(1, 11):
        (call,) = jobs.start("b")
        await _settle()
        flood += jobs.start("a", *[""] * 20)  # rejected calls are retried
        await _settle()
        ahead = 0
        while jobs.running.count("b") < turn:
            await jobs.finish_one()
            ahead += 1
        assert ahead <= 2, "the running job and one of the queue"
        await jobs.finish_one()
        await call
    while jobs.admission.waiting:
        await jobs.finish_one()
    await jobs.finish_one()
    ends = await asyncio.gather(*flood, return_exceptions=True)
    refused = [end for end in ends if end is not None]
    assert {type(end) for end in refused} == {ServiceError}
    assert {end.kind for end in refused if isinstance(end, ServiceError)} == {ErrorKind.OVERLOADED}
    assert len(refused) + len(jobs.running) == len(flood) + 10


async def test_a_call_that_is_shed_gets_retry_after() -> None:
    jobs = Jobs()
    async with jobs.admission.permit("a", Deadline.never()):
        await asyncio.sleep(0.02)  # the mean job now takes about this
    tasks = jobs.start("a", *[""] * 5)
    await _settle()
    tasks += jobs.start("b")
    await _settle()
    (lost,) = [task for task in tasks if task.done()]
    error = lost.exception()
    assert isinstance(error, ServiceError)
    assert error.kind is ErrorKind.OVERLOADED
    assert error.retry_after is not None
    assert error.retry_after >= 0.02 * 5  # the running job and four that wait
    for _ in range(5):
        await jobs.finish_one()
    assert [task.exception() for task in tasks if task is not lost] == [None] * 5


async def test_the_expected_wait_of_a_new_project_is_one_round() -> None:
    jobs = Jobs()
    async with jobs.admission.permit("a", Deadline.never()):
        await asyncio.sleep(0.02)
    tasks = jobs.start("a", *[""] * 4)
    await _settle()
    mean = jobs.admission.expected_wait_s("a") / 4
    assert jobs.admission.expected_wait_s("b") == pytest.approx(2 * mean)
    for _ in range(4):
        await jobs.finish_one()
    await asyncio.gather(*tasks)


async def test_a_cancelled_call_frees_its_place_at_once() -> None:
    jobs = Jobs()
    _, leaving, other = tasks = jobs.start("a", "a1", "a2", "a3")
    await _settle()
    leaving.cancel()
    await _settle()
    assert jobs.admission.waiting == 1
    await jobs.finish_one()
    await jobs.finish_one()
    await other
    assert jobs.running == ["a1", "a3"]
    assert [task.cancelled() for task in tasks] == [False, True, False]


async def test_a_call_cancelled_with_its_permit_passes_it_on() -> None:
    admission = Admission(permits=1, max_waiting=4)
    end = asyncio.Event()
    first, leaving, last = [asyncio.create_task(_hold(admission, end)) for _ in range(3)]
    await _settle()
    first.cancel()
    await asyncio.sleep(0)  # the second call has the permit but has not resumed yet
    assert admission.waiting == 1
    leaving.cancel()
    await _settle()
    assert admission.waiting == 0
    end.set()
    await last
    assert admission.alone
    async with admission.permit("another", Deadline.after(1)):
        assert admission.alone
