"""Handle signals: shutdown on SIGTERM and Ctrl-C, callbacks on SIGHUP and SIGUSR2."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from types import FrameType

Handler = Callable[[int, FrameType | None], None]


def handle_termination(handler: Handler) -> None:
    """Install the handler for SIGTERM and SIGINT."""
    signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGINT, handler)


class ShutdownRequest:
    """Record a termination signal while the server starts; a second one ends the process at once.

    A flag and not an exception: an exception could surface anywhere, for instance while the first
    account is created or inside a library.

    Attributes:
        requested: whether a signal was received.
    """

    def __init__(self) -> None:
        self.requested = False
        handle_termination(self._record)

    def _record(self, number: int, _frame: FrameType | None) -> None:
        self.requested = True
        signal.signal(number, signal.SIG_DFL)


class SignalCallback:
    """Run a callback in the event loop on a signal; a signal that comes early is kept pending.

    Create it as early as possible: the default action of these signals ends the process.
    """

    def __init__(self, number: signal.Signals) -> None:
        self._number = number
        self._pending = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._callback: Callable[[], None] = lambda: None
        signal.signal(number, self._record)

    def connect(self, callback: Callable[[], None]) -> None:
        """Run the callback in this loop on each signal, and now if one is pending."""
        self._loop, self._callback = asyncio.get_running_loop(), callback
        self._run()

    def ignore(self) -> None:
        """Ignore the signal: the process is about to exit, and keeps its exit status."""
        signal.signal(self._number, signal.SIG_IGN)

    def _record(self, _number: int, _frame: FrameType | None) -> None:
        self._pending = True
        if self._loop and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._run)  # wakes a waiting loop

    def _run(self) -> None:
        if self._pending:
            self._pending = False
            self._callback()
