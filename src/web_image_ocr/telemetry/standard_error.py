"""Redirect standard error of a server and its child processes, so that writing never blocks.

Threat: standard error is a pipe that nobody reads. Direct writes to it (tracebacks, warnings of C
libraries, worker processes that inherited it) would block. Rule: file descriptor 2 becomes a pipe
that a thread drains into a bounded queue.
Not covered: the last output of a crash of the server process itself stays in the pipe.
"""

from __future__ import annotations

import os
import sys
import threading

from web_image_ocr.telemetry.line_writer import LineWriter, Notice, Output

_STDERR = 2
_LONGEST_LINE = 64 * 1024
_END = b"\0"
"""Written by ``close``; zero bytes before that are data."""


class StandardError:
    """Replace file descriptor 2 by a pipe until the process ends.

    Args:
        notice: returns the line about dropped lines.

    Attributes:
        writer: writes to the original standard error.
    """

    def __init__(self, notice: Notice) -> None:
        self.writer = LineWriter(Output(duplicate_stderr()), notice)
        self._source, sink = os.pipe()
        os.dup2(sink, _STDERR)  # inherited by child processes
        os.close(sink)
        self._closing = False
        self._thread = threading.Thread(target=self._drain, name="stderr-drain", daemon=True)
        self._thread.start()

    def close(self, seconds: float) -> None:
        """Write the queued lines for at most about so many seconds; later output is lost."""
        if sys.stderr is not None:
            sys.stderr.flush()
        self._closing = True
        os.write(_STDERR, _END)
        self._thread.join(seconds)
        self.writer.close(seconds)

    def _drain(self) -> None:
        rest, ended = b"", False
        while not ended and (chunk := os.read(self._source, _LONGEST_LINE)):
            ended = self._closing and _END in chunk
            if ended:
                chunk = chunk.partition(_END)[0]
            *lines, rest = (rest + chunk).split(b"\n")
            if rest and (ended or len(rest) > _LONGEST_LINE):
                lines.append(rest)
                rest = b""
            for line in lines:
                self.writer.put(line + b"\n")


def duplicate_stderr() -> int:
    """Return a duplicate of standard error, or the null device if it is closed."""
    try:
        return os.dup(_STDERR)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)
