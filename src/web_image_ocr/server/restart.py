"""Restart without downtime on SIGUSR2: a successor takes over the listening sockets.

The successor is started with the same command line, so it runs the upgraded version after an
upgrade. It inherits the sockets (see ``listeners``) and accepts nothing until its first worker is
ready. Then it writes to a pipe, and this server shuts down as on SIGTERM. Both share one queue of
connections, so no client is refused. If the successor fails or hangs, this server continues.
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
from web_image_ocr.server.signals import ShutdownRequest

log = structlog.stdlib.get_logger(__name__)

START_TIMEOUT_S = 300.0
"""A start takes seconds; with a migration of a large database, minutes."""
_TERMINATE_TIMEOUT_S = 10.0
"""From SIGTERM to SIGKILL for a failed successor."""
_POLL_S = 0.05
_STDERR = 2
PROC = Path("/proc")
_INITS = frozenset({"tini", "tini-static", "docker-init", "dumb-init", "catatonit", "podman-init"})
"""Init processes of containers, which end when the command they started ends."""


class RollingRestart:
    """Replace this server by a successor on the same sockets.

    Args:
        sockets: listening sockets.
        stderr: standard error of the successor.
        stop: once requested, no successor is started.
        stop_server: called when the successor accepts connections.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        stderr: int,
        stop: ShutdownRequest,
        stop_server: Callable[[], None],
    ) -> None:
        self._sockets = sockets
        self._stderr = stderr
        self._stop = stop
        self._stop_server = stop_server
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Start a successor, unless one is starting or this process cannot be replaced."""
        if self._stop.requested or (self._task and not self._task.done()):
            return
        if reason := _refusal():
            log.error("rolling restart refused", reason=reason)
        else:
            self._task = asyncio.create_task(self._replace())

    async def end(self) -> None:
        """Terminate a successor that is not ready."""
        if self._task:
            await self._task  # it checks `stop`

    async def _replace(self) -> None:
        reading, writing = os.pipe()
        try:
            pid = _start(self._sockets, writing, self._stderr)
        except OSError as error:
            log.error("successor failed to start", detail=error.strerror)  # noqa: TRY400
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
        if ready and not self._stop.requested:
            log.info("successor ready", pid=pid)
            self._stop_server()
        else:
            status = await _terminate(pid)
            if not self._stop.requested:
                event = "successor failed to start; this server continues"
                log.error(event, pid=pid, status=status)

    async def _is_ready(self, reading: int) -> bool:
        end = time.monotonic() + START_TIMEOUT_S
        while not self._stop.requested and time.monotonic() < end:
            with contextlib.suppress(BlockingIOError):
                return os.read(reading, 1) == b"1"  # end of file: it has ended
            await asyncio.sleep(_POLL_S)
        return False


def _refusal() -> str:
    """Return why the end of this process would end its successor too, or an empty string."""
    if os.getpid() == 1:
        return "process 1 of a container cannot be replaced: start a second container instead"
    if os.getppid() == 1 and (init := _init()) in _INITS:
        return (
            f"{init} ends the container when the command it started ends: start a second "
            "container instead"
        )
    if os.environ.get("SYSTEMD_EXEC_PID") == str(os.getpid()):
        return (
            "systemd kills what its main process leaves behind: use systemctl restart with a "
            ".socket unit"
        )
    return ""


def _init() -> str:
    """Return the name of process 1, or an empty string."""
    try:
        return (PROC / "1" / "comm").read_text().strip()
    except OSError:
        return ""


def _start(sockets: Sequence[socket.socket], ready: int, stderr: int) -> int:
    """Start the successor with sockets and pipe as descriptors 3, 4, ...; return its pid."""
    given = [one.fileno() for one in sockets] + [ready]
    names = ["web-image-ocr"] * len(sockets) + [READY_NAME]
    beyond = FIRST_FD + len(given)
    copies = [fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, beyond) for descriptor in given]
    environment = {**os.environ, "LISTEN_FDS": str(len(given)), "LISTEN_FDNAMES": ":".join(names)}
    # LISTEN_PID must be the pid of a process that does not exist yet; the shell knows its own.
    command = ["sh", "-c", 'export LISTEN_PID=$$; exec "$@"', "sh", *_command()]
    try:
        return os.posix_spawn(
            "/bin/sh",
            command,
            environment,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, stderr, _STDERR),  # first: the copies below may overwrite it
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

    The path of the command is kept, since an upgrade may have replaced what it leads to.
    """
    script = Path(sys.argv[0])
    if script.is_file() and os.access(script, os.X_OK):
        return [str(script), *sys.argv[1:]]
    return [sys.executable, *sys.orig_argv[1:]]


async def _terminate(pid: int) -> int:
    """Terminate the process; return its exit status, negative for a signal."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        end = time.monotonic() + _TERMINATE_TIMEOUT_S
        while time.monotonic() < end:
            ended, status = os.waitpid(pid, os.WNOHANG)  # noqa: ASYNC222 - does not block
            if ended:
                return os.waitstatus_to_exitcode(status)
            await asyncio.sleep(_POLL_S)
    return -signal.SIGKILL
