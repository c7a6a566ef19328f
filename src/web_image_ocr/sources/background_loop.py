"""An event loop in a thread of its own, so that what runs there holds up no other."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

_Result = TypeVar("_Result")


class BackgroundEventLoop:
    """Runs coroutines beside the caller's event loop; an asynchronous context manager.

    What still runs at the end is cancelled, and so is what comes later: nobody who waits
    for it waits for ever.

    Args:
        name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self._thread = threading.Thread(target=self._main, name=name, daemon=True)
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._over = asyncio.Event()
        self._ending = False

    async def __aenter__(self) -> Self:
        self._runner.get_loop()  # made here, so that the caller sees when it cannot be
        self._thread.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._ending = True  # all that was handed over before is begun when `_over` is set
        self._runner.get_loop().call_soon_threadsafe(self._over.set)
        await asyncio.to_thread(self._thread.join)

    async def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        """The result of ``work``, which is cancelled when the caller is; from one thread."""
        if self._ending:
            work.close()
            raise asyncio.CancelledError
        submitted = asyncio.run_coroutine_threadsafe(work, self._runner.get_loop())
        return await asyncio.wrap_future(submitted)

    def _main(self) -> None:
        with self._runner:
            self._runner.run(self._over.wait())
