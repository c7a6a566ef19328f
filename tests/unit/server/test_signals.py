"""Run callbacks on signals."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from web_image_ocr.server.signals import SignalCallback


@pytest.fixture(autouse=True)
def _handler_restored() -> Iterator[None]:
    before = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, before)


def hang_up() -> None:
    os.kill(os.getpid(), signal.SIGHUP)


def test_a_signal_before_the_loop_is_pending_once() -> None:
    callback = SignalCallback(signal.SIGHUP)
    hang_up()
    hang_up()
    calls = []

    async def serve() -> None:
        callback.connect(lambda: calls.append("called"))
        assert calls == ["called"]

    asyncio.run(serve())


async def test_a_signal_wakes_a_waiting_loop() -> None:
    called = asyncio.Event()
    SignalCallback(signal.SIGHUP).connect(called.set)
    for _ in range(2):
        hang_up()
        await asyncio.wait_for(called.wait(), timeout=20)
        called.clear()


def test_a_signal_after_the_loop_is_harmless() -> None:
    callback = SignalCallback(signal.SIGHUP)

    async def serve() -> None:
        callback.connect(lambda: None)

    asyncio.run(serve())
    hang_up()
    callback.ignore()
    hang_up()
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
