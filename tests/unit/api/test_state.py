"""Readiness probes cost one check at a time and never wait for a database that does not answer."""

from __future__ import annotations

import asyncio
import threading

import pytest

from web_image_ocr.api import state
from web_image_ocr.api.state import DatabaseProbe
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


class FakeDatabase:
    """Answer once ``may_answer`` is set."""

    def __init__(self, error: ServiceError | None = None) -> None:
        self.checks = 0
        self.may_answer = threading.Event()
        self._error = error

    def check(self) -> None:
        self.checks += 1
        assert self.may_answer.wait(60)
        if self._error:
            raise self._error


async def test_simultaneous_probes_share_a_check() -> None:
    database = FakeDatabase()
    probe = DatabaseProbe(database.check)
    waiting = [asyncio.ensure_future(probe.answers()) for _ in range(50)]
    await asyncio.sleep(0)
    database.may_answer.set()
    assert await asyncio.gather(*waiting) == [True] * 50
    assert database.checks == 1
    assert await probe.answers()
    assert database.checks == 2


async def test_a_failing_database_is_not_ready() -> None:
    database = FakeDatabase(ServiceError(ErrorKind.DATABASE_UNAVAILABLE, "locked"))
    database.may_answer.set()
    assert not await DatabaseProbe(database.check).answers()


async def test_a_database_that_does_not_answer_is_checked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(state, "_PROBE_TIMEOUT_S", 0.05)
    database = FakeDatabase()
    probe = DatabaseProbe(database.check)
    async with asyncio.timeout(20):
        assert [await probe.answers() for _ in range(3)] == [False] * 3
    assert database.checks == 1
    database.may_answer.set()
    async with asyncio.timeout(20):
        while not await probe.answers():
            pass


async def test_a_cancelled_probe_leaves_the_check_to_the_others() -> None:
    database = FakeDatabase()
    probe = DatabaseProbe(database.check)
    first, second = (asyncio.ensure_future(probe.answers()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    database.may_answer.set()
    assert await second
    assert database.checks == 1
