"""Write lines to a file from a dedicated thread, so that no other thread blocks on the file.

Threat: the reader of standard error stalls, or the disk is full. Rule: lines are queued in memory
up to a limit. Beyond that they are dropped, and their number is written after the backlog.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue

QUEUED_BYTES = 4 * 1024 * 1024
"""Limit of the queue: about 10,000 call records."""
RESERVED_BYTES = 1024 * 1024
"""Additional space for reserved lines, such as the audit trail."""
_MAX_WRITE_BYTES = 64 * 1024
"""The size of a pipe on Linux."""
_RETRY_S = 1.0
"""Pause after a failed write: a full disk or a pipe without a reader."""

Notice = Callable[[int, int], bytes]
"""Return the line that reports the number of dropped lines, and of reserved ones among them."""


class Output:
    """Write to an open file.

    Args:
        descriptor: of the open file.
        path: of that file, if it can be reopened after a log rotation.
    """

    def __init__(self, descriptor: int, path: Path | None = None) -> None:
        self._descriptor = descriptor
        self._path = path

    @classmethod
    def file(cls, path: Path) -> Output:
        """Open the file for appending.

        Raises:
            OSError: the file cannot be opened.
        """
        return cls(_opened(path), path)

    def reopen(self) -> None:
        """Reopen the path and write there from then on; safe while another thread writes.

        Raises:
            OSError: the file cannot be opened; the old one stays in use.
        """
        if self._path is not None:
            fresh = _opened(self._path)
            os.dup2(fresh, self._descriptor, inheritable=False)
            os.close(fresh)

    def write(self, data: memoryview) -> int:
        """Block until the file accepts some of the data; return how many bytes.

        Raises:
            OSError: the write failed.
        """
        while True:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:  # the parent process set O_NONBLOCK
                ready = select.poll()
                ready.register(self._descriptor, select.POLLOUT)
                ready.poll()


class LineWriter:
    """Write queued lines in order; ``put`` never blocks.

    After the first dropped line, all lines are dropped until the backlog is written. Then the
    notice is written in their place.

    Args:
        output: file to write to.
        notice: returns the line about dropped lines.
    """

    def __init__(self, output: Output, notice: Notice) -> None:
        self._output = output
        self._notice = notice
        self._lines: SimpleQueue[bytes | None] = SimpleQueue()
        # Re-entrant, as a signal handler may log.
        self._lock = threading.RLock()
        self._queued = 0
        self._dropped = 0
        self._dropped_reserved = 0
        self._closing = threading.Event()
        # A daemon: a blocked write must not keep the process.
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def put(self, line: bytes, *, reserved: bool = False) -> None:
        """Queue a line, or drop it when the queue is full.

        Args:
            line: including its line feed.
            reserved: whether it may use the reserved space.
        """
        with self._lock:
            limit = QUEUED_BYTES + RESERVED_BYTES if reserved else QUEUED_BYTES
            after_drop = self._dropped > 0 and not reserved
            if after_drop or self._queued + len(line) > limit:
                self._dropped += 1
                self._dropped_reserved += reserved
                return
            self._queued += len(line)
        self._lines.put(line)

    def reopen(self) -> None:
        """Reopen the output's path; see ``Output.reopen``."""
        self._output.reopen()

    def close(self, seconds: float) -> None:
        """Write the queued lines for at most so many seconds; later lines are lost."""
        self._closing.set()
        self._lines.put(None)
        self._thread.join(seconds)

    def _run(self) -> None:
        ended = False
        while not ended:
            batch, ended = self._next_batch()
            if not self._write(batch):
                return
            with self._lock:
                self._queued -= len(batch)
                notice = self._drop_notice() if self._queued == 0 else b""
            if not self._write(notice):
                return

    def _next_batch(self) -> tuple[bytes, bool]:
        """Wait for a line; return all queued lines, and whether the writer is closed."""
        lines: list[bytes] = []
        size = 0
        line = self._lines.get()
        with contextlib.suppress(Empty):
            while line is not None:
                lines.append(line)
                size += len(line)
                if size >= _MAX_WRITE_BYTES:
                    break
                line = self._lines.get_nowait()
        return b"".join(lines), line is None

    def _write(self, data: bytes) -> bool:
        """Write all of the data; return false if that failed and the writer is closed."""
        rest = memoryview(data)
        while rest:
            is_last_try = self._closing.is_set()
            try:
                rest = rest[self._output.write(rest) :]
            except OSError:
                if is_last_try:
                    return False
                self._closing.wait(_RETRY_S)
        return True

    def _drop_notice(self) -> bytes:
        dropped, reserved = self._dropped, self._dropped_reserved
        self._dropped = self._dropped_reserved = 0
        return self._notice(dropped, reserved) if dropped else b""


def _opened(path: Path) -> int:
    # O_NONBLOCK: otherwise opening a FIFO waits for its reader.
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
    return os.open(path, flags, 0o640)
