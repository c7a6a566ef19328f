from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from web_image_ocr.sources import resolver as lookups
from web_image_ocr.sources.resolver import SystemResolver

SILENT = "silent.example"


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Names end in the system's table of hosts, but one: it hangs until released."""
    release, ask = threading.Event(), socket.getaddrinfo

    def hang(host: str, *rest: object, **options: object) -> object:
        if host == SILENT:
            release.wait(10)
            raise socket.gaierror(socket.EAI_AGAIN, "silent")
        return ask(host, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield release
    release.set()


async def test_addresses_of_a_name() -> None:
    assert "127.0.0.1" in await SystemResolver()("localhost")


async def test_name_without_address_is_an_error_of_the_system(release: threading.Event) -> None:
    release.set()
    with pytest.raises(socket.gaierror):
        await SystemResolver()(SILENT)


async def test_look_ups_that_hang_hold_up_no_other(release: threading.Event) -> None:
    look_up = SystemResolver()
    hanging = [asyncio.create_task(look_up(SILENT)) for _ in range(100)]
    await asyncio.sleep(0)
    assert "127.0.0.1" in await asyncio.wait_for(look_up("localhost"), 5)
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    assert not release.is_set()


async def test_look_ups_that_hang_are_bounded(
    release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookups, "_MAX_LOOKUPS", 2)
    look_up = SystemResolver()
    hanging = [asyncio.create_task(look_up(SILENT)) for _ in range(2)]
    await asyncio.sleep(0)
    for task in hanging:
        task.cancel()  # the caller gave up; the thread is still there
    with pytest.raises(OSError, match="too many"):
        await look_up("localhost")
    release.set()
    await asyncio.gather(*hanging, return_exceptions=True)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            assert "127.0.0.1" in await look_up("localhost")
        except OSError:
            await asyncio.sleep(0.01)  # until its thread has ended
        else:
            return
    pytest.fail("the places were not given back")


@pytest.mark.slow
def test_a_process_ends_though_a_look_up_hangs() -> None:
    program = """
import asyncio, socket, time
from web_image_ocr.sources.resolver import SystemResolver

async def main():
    try:
        await asyncio.wait_for(SystemResolver()("silent.example"), 0.1)
    except TimeoutError:
        pass

socket.getaddrinfo = lambda *_, **__: time.sleep(60)
asyncio.run(main())
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=20)
