"""An event loop in a thread of its own, so that what runs there holds up no other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, Self, TypeVar

_Result = TypeVar("_Result")


class OwnLoop:
    """Runs coroutines beside the caller's event loop; an asynchronous context manager.

    What still runs at the end is cancelled.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self._thread = threading.Thread(target=self._main, name=name, daemon=True)
        self._started: Future[asyncio.AbstractEventLoop] = Future()
        self._over = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._thread.start()
        await asyncio.wrap_future(self._started)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._started.result().call_soon_threadsafe(self._over.set)
        await asyncio.to_thread(self._thread.join)

    async def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """The result of ``work``, which is cancelled when the caller is."""
        submitted = asyncio.run_coroutine_threadsafe(work, self._started.result())
        return await asyncio.wrap_future(submitted)

    def _main(self) -> None:
        asyncio.run(self._until_over())

    async def _until_over(self) -> None:
        self._started.set_result(asyncio.get_running_loop())
        await self._over.wait()
