"""Set up what all tests share."""

from __future__ import annotations

import signal
import sqlite3
from typing import Any

from hypothesis import settings
from sqlalchemy import Engine, event

# How long an example takes depends on what else the machine does; hanging is pytest's timeout.
settings.register_profile("web-image-ocr", deadline=None)
settings.load_profile("web-image-ocr")


# A background job of a shell ignores SIGINT, and so would the servers that tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@event.listens_for(Engine, "connect")
def _do_not_wait_for_the_disk(connection: Any, _: object) -> None:
    """Leave flushing to the system: tests in this process outlive no power failure."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous = OFF")
