"""Probes for readiness cost one check at a time and never wait for a store that is silent."""

from __future__ import annotations

import asyncio
import threading

import pytest

from web_image_ocr.api import readiness
from web_image_ocr.api.readiness import DatabaseProbe
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


class Store:
    """Answers once it may."""

    def __init__(self, error: ServiceError | None = None) -> None:
        self.asked = 0
        self.may_answer = threading.Event()
        self._error = error

    def check(self) -> None:
        self.asked += 1
        assert self.may_answer.wait(60)
        if self._error:
            raise self._error


async def test_probes_at_one_time_share_a_check() -> None:
    store = Store()
    probe = DatabaseProbe(store.check)
    waiting = [asyncio.ensure_future(probe.answers()) for _ in range(50)]
    await asyncio.sleep(0)
    store.may_answer.set()
    assert await asyncio.gather(*waiting) == [True] * 50
    assert store.asked == 1
    assert await probe.answers()
    assert store.asked == 2


async def test_a_store_that_fails_is_not_ready() -> None:
    store = Store(ServiceError(ErrorKind.DATABASE_UNAVAILABLE, "locked"))
    store.may_answer.set()
    assert not await DatabaseProbe(store.check).answers()


async def test_a_silent_store_is_asked_once_and_waited_for_briefly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(readiness, "_WAIT_S", 0.05)
    store = Store()
    probe = DatabaseProbe(store.check)
    async with asyncio.timeout(20):
        assert [await probe.answers() for _ in range(3)] == [False] * 3
    assert store.asked == 1
    store.may_answer.set()
    async with asyncio.timeout(20):
        while not await probe.answers():
            pass


async def test_a_probe_that_gives_up_leaves_the_check_to_the_others() -> None:
    store = Store()
    probe = DatabaseProbe(store.check)
    first, second = (asyncio.ensure_future(probe.answers()) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    store.may_answer.set()
    assert await second
    assert store.asked == 1
