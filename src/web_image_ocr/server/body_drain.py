"""Read and discard the rest of a refused body (lingering close, RFC 9112, 9.6).

Threat: closing a connection with unread bytes resets it, and the client never sees the answer. A
client that goes on sending costs CPU time. Rule: bytes are discarded without being parsed, at a
limited rate, up to a limit of bytes and seconds.
"""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.flow_control import FlowControl

from web_image_ocr.server.timeouts import Timeout

_READ_INTERVAL_S = 0.01
"""asyncio reads 256 KiB at a time, so this limits the rate to 25 MB/s."""


class BodyDrain:
    """Count and discard what arrives of a refused body.

    Args:
        transport: to abort beyond the limits.
        flow: pauses and resumes reading.
        max_bytes: limit, 0 or more.
    """

    def __init__(self, transport: asyncio.Transport, flow: FlowControl, max_bytes: int) -> None:
        self._transport = transport
        self._flow = flow
        self._remaining = max_bytes
        self.timeout = Timeout(transport.abort)

    @property
    def lingering(self) -> bool:
        """Return whether the answer was sent and only the rest of the body is awaited."""
        return self.timeout.started

    def linger(self, seconds: float) -> bool:
        """Discard for at most so many seconds; return false if nothing may be discarded."""
        if not self._remaining:
            return False
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self.timeout.start(seconds)
        return True

    def discard(self, size: int) -> None:
        """Count ``size`` received bytes; pause reading, or abort beyond the limit."""
        self._remaining -= size
        if self._remaining < 0 and self.lingering:
            self._transport.abort()
            return
        if self._remaining < 0 or self.lingering:  # in the first case until the answer is sent
            self._flow.pause_reading()
        if self.lingering:
            loop = asyncio.get_running_loop()
            loop.call_later(_READ_INTERVAL_S, self._flow.resume_reading)
