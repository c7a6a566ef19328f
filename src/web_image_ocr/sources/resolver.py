"""Resolve names with the system's resolver.

Threat: denial of service. A caller who chooses the host name also chooses its name server, which
may never answer. The system waits about 30 s, and nothing can interrupt it.

Rule: each lookup has its own daemon thread, so that no lookup waits behind another. Shutdown does
not wait for such a thread, as it would for the threads of an executor.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence
from concurrent.futures import Future

_MAX_LOOKUPS = 256
"""Concurrent lookups. With three name servers in resolv.conf a lookup hangs for 30 s, while its
fetch ends after 10 s. So 64 concurrent fetches leave at most 192 hanging lookups behind."""


class SystemResolver:
    """Resolve each name in its own thread; a ``ssrf_guard.Resolve``."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(_MAX_LOOKUPS)

    async def __call__(self, host: str) -> Sequence[str]:
        """Return the addresses of a name.

        Raises:
            OSError: the name has no address, or too many lookups hang.
        """
        if not self._free.acquire(blocking=False):
            raise OSError(f"too many lookups hang: {_MAX_LOOKUPS}")
        result: Future[Sequence[str]] = Future()
        result.set_running_or_notify_cancel()  # from now on, cancelling it has no effect
        thread = threading.Thread(
            target=self._look_up, args=(host, result), name="lookup", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:  # the system has no thread left
            self._free.release()
            raise OSError("no thread for a lookup") from error
        return await asyncio.wrap_future(result)

    def _look_up(self, host: str, result: Future[Sequence[str]]) -> None:
        try:
            entries = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except Exception as error:  # noqa: BLE001 - the caller handles it
            result.set_exception(error)
        else:
            result.set_result([str(entry[4][0]) for entry in entries])
        finally:
            self._free.release()
