"""Look-ups of names by the system's resolver.

Threat: whoever names a host chooses its name server, too, and that may be silent: the
system waits for it some half a minute, and nothing can interrupt it. Rule: each look-up
has a thread of its own, so that none waits behind another's, and one that no server's end
waits for, as it would for the threads of an executor.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import Future

_AT_ONCE = 256
"""A silent name server is asked for 30 s where resolv.conf names three; the 64 fetches that
may be under way, given up after 10 s each, so leave 192 look-ups behind them at most."""


class SystemResolver:
    """Looks names up, each in a thread of its own; a ``guard.Resolve``."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(_AT_ONCE)

    async def __call__(self, host: str) -> Sequence[str]:
        """The addresses of a name.

        Raises:
            OSError: it has none, or too many look-ups hang.
        """
        if not self._free.acquire(blocking=False):
            raise OSError("too many look-ups hang")
        answer: Future[Sequence[str]] = Future()
        answer.set_running_or_notify_cancel()  # from now on, cancelling it changes nothing
        thread = threading.Thread(
            target=self._look_up, args=(host, answer), name="lookup", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:  # the system has no thread left
            self._free.release()
            raise OSError("no thread for a look-up") from error
        return await asyncio.wrap_future(answer)

    def _look_up(self, host: str, answer: Future[Sequence[str]]) -> None:
        try:
            entries = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except Exception as error:  # noqa: BLE001 - the caller's to judge
            answer.set_exception(error)
        else:
            answer.set_result([str(entry[4][0]) for entry in entries])
        finally:
            self._free.release()
