"""Enter a worker process: isolate it first, then import the engine and serve jobs."""

from __future__ import annotations

import signal
from multiprocessing.connection import Connection

from web_image_ocr.primitives.process import die_with_parent, harden_process


def main(pipe: int, server: int) -> None:
    """Answer jobs until the server closes the pipe.

    Ignore the signals that stop the server: the server ends its workers itself. If it is
    killed, the kernel ends them.

    Args:
        pipe: file descriptor of the pipe to the server.
        server: process ID of the server.
    """
    die_with_parent(server)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)
    with Connection(pipe) as connection:
        # Wait for `Start`: by then the server holds this process's memory file open, which
        # hardening may hide from it (`ResidentMemory`).
        connection.poll(None)
        harden_process()
        from web_image_ocr.serving.worker import serve_jobs  # noqa: PLC0415 - takes a second

        serve_jobs(connection)
