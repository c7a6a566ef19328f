"""Run the first code of a worker process; imports little, so that it is in force early."""

from __future__ import annotations

import signal
from multiprocessing.connection import Connection

from web_image_ocr.primitives.process import die_with_parent, harden_process


def main(pipe: int, server: int) -> None:
    """Answer jobs until the server closes the pipe.

    Rights are given up once the server's first message is there. The server has opened the
    process's memory file by then, which may be hidden from it afterwards (`ResidentMemory`).

    Signals that stop the server are left to it: it ends its workers. Where it is killed
    itself, the system does so.

    Args:
        pipe: number of the file that leads to the server.
        server: process number of the server.
    """
    die_with_parent(server)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)
    with Connection(pipe) as connection:
        connection.poll(None)
        harden_process()
        from web_image_ocr.serving.worker import serve_jobs  # noqa: PLC0415 - takes a second

        serve_jobs(connection)
