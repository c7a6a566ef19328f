"""Signals that ask a running server for something, and never end it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from types import FrameType


class RequestSignal:
    """Calls a function in the event loop on a signal; one that comes too early is remembered.

    Installed as soon as the command begins: by default these signals end a process.

    Args:
        number: the signal.
    """

    def __init__(self, number: signal.Signals) -> None:
        self._number = number
        self._wanted = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._act: Callable[[], None] = lambda: None
        signal.signal(number, self._note)

    def call(self, act: Callable[[], None]) -> None:
        """Call ``act`` on each signal from now on, and at once if one came before."""
        self._loop, self._act = asyncio.get_running_loop(), act
        self._run()

    def ignore(self) -> None:
        """Ignore the signal: the process is about to end, with the status that it has."""
        signal.signal(self._number, signal.SIG_IGN)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self._wanted = True
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._run)  # wakes a loop that waits

    def _run(self) -> None:
        if self._wanted:
            self._wanted = False
            self._act()
