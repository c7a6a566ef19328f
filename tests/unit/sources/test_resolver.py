from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from web_image_ocr.sources import resolver
from web_image_ocr.sources.resolver import SystemResolver

SILENT = "silent.example"


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Make one name hang until released; resolve all others as usual."""
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


async def test_name_without_address_raises_an_os_error(release: threading.Event) -> None:
    release.set()
    with pytest.raises(socket.gaierror):
        await SystemResolver()(SILENT)


async def test_hanging_lookups_do_not_delay_others(release: threading.Event) -> None:
    resolve = SystemResolver()
    hanging = [asyncio.create_task(resolve(SILENT)) for _ in range(100)]
    await asyncio.sleep(0)
    assert "127.0.0.1" in await asyncio.wait_for(resolve("localhost"), 5)
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    assert not release.is_set()


async def test_hanging_lookups_are_limited(
    release: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolver, "_MAX_LOOKUPS", 2)
    resolve = SystemResolver()
    hanging = [asyncio.create_task(resolve(SILENT)) for _ in range(2)]
    await asyncio.sleep(0)
    for task in hanging:
        task.cancel()  # the caller gave up; the thread is still there
    with pytest.raises(OSError, match="too many"):
        await resolve("localhost")
    release.set()
    await asyncio.gather(*hanging, return_exceptions=True)
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            assert "127.0.0.1" in await resolve("localhost")
        except OSError:
            await asyncio.sleep(0.01)  # until its thread ends
        else:
            return
    pytest.fail("the slots were not released")


@pytest.mark.slow
def test_process_exits_while_a_lookup_hangs() -> None:
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
