"""Restart on SIGUSR2: a successor takes over the listening sockets, and no connection is refused.

The successor is the command as it was given, so an upgraded installation starts as upgraded. It
inherits the sockets (see ``listeners``) and accepts nothing until its first worker is ready. Then
it writes to a pipe and this server stops as on SIGTERM. Both share one queue of connections, so
none is lost between them. If a successor ends or hangs instead, this server goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from web_image_ocr.server.listeners import FIRST_FD, READY_NAME
from web_image_ocr.server.shutdown import StopRequest

log = structlog.stdlib.get_logger(__name__)

START_LIMIT_S = 300.0
"""A start takes seconds; one that also migrates a large store may take minutes."""
_END_LIMIT_S = 10.0
"""Seconds that a failed successor may take to end after SIGTERM."""
_LOOK_EVERY_S = 0.05
_STDERR = 2
PROC = Path("/proc")
_INITS = frozenset({"tini", "tini-static", "docker-init", "dumb-init", "catatonit", "podman-init"})
"""Init processes of containers, which end with the command that they started."""


class RollingRestart:
    """Replace this server by a successor on the same sockets.

    Args:
        sockets: what is listened on.
        stderr: of the successor; see `standard_error`.
        stop: a server that stops needs no successor.
        stop_server: called once the successor accepts connections.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        stderr: int,
        stop: StopRequest,
        stop_server: Callable[[], None],
    ) -> None:
        self._sockets = sockets
        self._stderr = stderr
        self._stop = stop
        self._stop_server = stop_server
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start a successor, unless one is starting or nothing can replace this process."""
        if self._stop.wanted or (self._task and not self._task.done()):
            return
        if reason := _why_not():
            log.error("no rolling restart", reason=reason)
        else:
            self._task = asyncio.create_task(self._replace())

    async def end(self) -> None:
        """Give up a successor that is not ready."""
        if self._task:
            await self._task  # it sees that the server stops

    async def _replace(self) -> None:
        reading, writing = os.pipe()
        try:
            pid = _start(self._sockets, writing, self._stderr)
        except OSError as error:
            log.error("successor did not start", detail=error.strerror)  # noqa: TRY400
            os.close(reading)
            return
        finally:
            os.close(writing)
        log.info("successor started", pid=pid)
        os.set_blocking(reading, False)
        try:
            ready = await self._is_ready(reading)
        finally:
            os.close(reading)
        if ready and not self._stop.wanted:
            log.info("successor ready", pid=pid)
            self._stop_server()
        else:
            status = await _ended(pid)
            if not self._stop.wanted:
                log.error("successor did not start; this server goes on", pid=pid, status=status)

    async def _is_ready(self, reading: int) -> bool:
        end = time.monotonic() + START_LIMIT_S
        while not self._stop.wanted and time.monotonic() < end:
            with contextlib.suppress(BlockingIOError):
                return os.read(reading, 1) == b"1"  # nothing is left to read: it has ended
            await asyncio.sleep(_LOOK_EVERY_S)
        return False


def standard_error() -> int:
    """Return a second descriptor of standard error, before the log takes the first one over."""
    with contextlib.suppress(OSError):  # it is closed
        return os.dup(_STDERR)
    return os.open(os.devnull, os.O_WRONLY)


def _why_not() -> str:
    """Return why the end of this process would end its successor as well, or an empty string."""
    if os.getpid() == 1:
        return "process 1 of a container cannot be replaced: start a second container instead"
    if os.getppid() == 1 and (init := _init()) in _INITS:
        return (
            f"{init} ends the container with the command that it started: start a second "
            "container instead"
        )
    if os.environ.get("SYSTEMD_EXEC_PID") == str(os.getpid()):
        return (
            "systemd ends what its main process leaves: use systemctl restart with a .socket unit"
        )
    return ""


def _init() -> str:
    """Return the name of process 1, or an empty string."""
    try:
        return (PROC / "1" / "comm").read_text().strip()
    except OSError:
        return ""


def _start(sockets: Sequence[socket.socket], ready: int, stderr: int) -> int:
    """Start the successor, which gets sockets and pipe as descriptors 3, 4, ...; return its pid."""
    given = [one.fileno() for one in sockets] + [ready]
    names = ["web-image-ocr"] * len(sockets) + [READY_NAME]
    beyond = FIRST_FD + len(given)
    copies = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, beyond) for descriptor in given]
    environment = {
        **os.environ,
        "LISTEN_FDS": str(len(given)),
        "LISTEN_FDNAMES": ":".join(names),
    }
    # The protocol wants the pid of the process that is not there yet; the shell knows its own.
    command = ["sh", "-c", 'export LISTEN_PID=$$; exec "$@"', "sh", *_command()]
    try:
        return os.posix_spawn(
            "/bin/sh",
            command,
            environment,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, stderr, _STDERR),  # first: it may be a number of ours below
                *(
                    (os.POSIX_SPAWN_DUP2, copy, FIRST_FD + number)
                    for number, copy in enumerate(copies)
                ),
            ],
        )
    finally:
        for copy in copies:
            os.close(copy)


def _command() -> list[str]:
    """Return the command line of this process.

    It names the command by its own path, where another version may be installed by now.
    """
    script = Path(sys.argv[0])
    if script.is_file() and os.access(script, os.X_OK):
        return [str(script), *sys.argv[1:]]
    return [sys.executable, *sys.orig_argv[1:]]


async def _ended(pid: int) -> int:
    """End the process; return its exit status, below 0 for a signal."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        end = time.monotonic() + _END_LIMIT_S
        while time.monotonic() < end:
            ended, status = os.waitpid(pid, os.WNOHANG)  # noqa: ASYNC222 - it does not wait
            if ended:
                return os.waitstatus_to_exitcode(status)
            await asyncio.sleep(_LOOK_EVERY_S)
    return -signal.SIGKILL
