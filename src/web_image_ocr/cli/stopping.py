"""How SIGTERM and Ctrl-C end the server: after the step at hand, with status 0."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

Handler = Callable[[int, FrameType | None], None]


class StopRequest:
    """Remembers a signal that comes while the server starts; a second one ends it at once.

    A flag rather than an exception: an exception could come up anywhere, in the middle of
    making the first account or inside a library.

    Attributes:
        wanted: whether a signal has come.
    """

    def __init__(self) -> None:
        self.wanted = False
        on_stop(self._remember)

    def _remember(self, number: int, _frame: FrameType | None) -> None:
        self.wanted = True
        signal.signal(number, signal.SIG_DFL)


def on_stop(handler: Handler) -> None:
    """Have the handler called on SIGTERM and on Ctrl-C."""
    signal.signal(signal.SIGTERM, handler)
    signal.signal(signal.SIGINT, handler)
