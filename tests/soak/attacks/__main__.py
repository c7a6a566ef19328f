"""Run one attack as a program: ``python -m tests.soak.attacks NAME URL SECONDS SOURCE SECRET``.

It runs at the lowest priority, so that its CPU time on the same machine does not count.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

from tests.soak.attacks import lists, parser, sign_ins, signed_bodies

ATTACKS: Mapping[str, Callable[[str, float, str, str], Awaitable[None]]] = {
    "tiny chunks": lambda url, seconds, source, _secret: parser.tiny_chunks(
        url, seconds=seconds, source=source
    ),
    "many headers": lambda url, seconds, source, _secret: parser.many_headers(
        url, seconds=seconds, source=source
    ),
    "signed bodies": lambda url, seconds, source, access_key: signed_bodies.attack(
        url, access_key, seconds=seconds, source=source
    ),
    "sign-ins": lambda url, seconds, source, _secret: sign_ins.attack(
        url, seconds=seconds, source=source
    ),
    "lists": lambda url, seconds, _source, token: lists.attack(url, token, seconds=seconds),
}


def lower_priority() -> None:
    """Take the lowest CPU priority, also among sessions, which Linux may schedule as groups."""
    os.nice(19)
    if os.getpgrp() != os.getpid():  # not started by an interactive shell
        os.setsid()
    with suppress(OSError):  # the kernel has no such groups
        Path("/proc/self/autogroup").write_text("19", encoding="ascii")


if __name__ == "__main__":
    name, url, seconds, source, secret = sys.argv[1:]
    lower_priority()
    asyncio.run(ATTACKS[name](url, float(seconds), source, secret))  # type: ignore[arg-type]
