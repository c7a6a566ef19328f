"""Run an event loop in a thread, so that its work does not delay other event loops."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

_Result = TypeVar("_Result")


class BackgroundEventLoop:
    """Run coroutines beside the caller's event loop; an asynchronous context manager.

    The end of the context cancels what still runs, and ``run`` is cancelled from then on, so that
    no caller waits forever.
    """

    def __init__(self, name: str) -> None:
        self._thread = threading.Thread(target=self._main, name=name, daemon=True)
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._stop = asyncio.Event()
        self._stopping = False

    async def __aenter__(self) -> Self:
        self._runner.get_loop()  # create it here, so that a failure reaches the caller
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stopping = True  # before `_stop`: what was submitted so far starts before it
        self._runner.get_loop().call_soon_threadsafe(self._stop.set)
        await asyncio.to_thread(self._thread.join)

    async def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """Return the result of ``work``; cancelling the caller cancels it. Use one thread only."""
        if self._stopping:
            work.close()
            raise asyncio.CancelledError
        submitted = asyncio.run_coroutine_threadsafe(work, self._runner.get_loop())
        return await asyncio.wrap_future(submitted)

    def _main(self) -> None:
        with self._runner:
            self._runner.run(self._stop.wait())
