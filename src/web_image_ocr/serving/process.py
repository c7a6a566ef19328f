"""Control one worker process from the server: start it, send jobs, watch it, end it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.connection import Connection, Pipe
from typing import TypeVar

import structlog

from web_image_ocr.engine.page import Page
from web_image_ocr.primitives.errors import ServiceError
from web_image_ocr.primitives.memory import ResidentMemory
from web_image_ocr.serving.installed_code import InstalledCode
from web_image_ocr.serving.launch import start_worker
from web_image_ocr.serving.messages import (
    Answer,
    InvalidMessageError,
    Job,
    Ready,
    Start,
    receive_from_worker,
    send_job,
    send_start,
)

log = structlog.stdlib.get_logger(__name__)

_START_TIMEOUT_S = 60.0
"""A start takes about a second; one that takes longer than this hangs."""
_GRACE_S = 1.0
"""Time after the deadline to answer. Workers check the deadline between stages only."""
_MEMORY_CHECK_INTERVAL_S = 0.1
"""Interval between checks of the memory of a busy worker."""

_Result = TypeVar("_Result")


class WorkerLostError(Exception):
    """Report that the worker process ended, or was killed, before it answered."""


class WorkerProcess:
    """Control one worker process; send it one job at a time.

    Its exit is detected in two ways: the event loop watches the sentinel, a pipe that the process
    holds open, and the thread that waits for an answer sees the end of the job pipe. So the
    process is killed first, and the pipe closed last, when no thread uses it.

    Args:
        start: first message to it.
        code: the code it must run.
        memory_bytes: resident memory above which `replace_if_large` kills it. Above twice as
            much it is killed during a job. 0 means no limit.

    Attributes:
        pid: process ID, once started.
        proven: whether it has answered a job.
        killed_for: why the server killed it; empty if it exited by itself.
    """

    def __init__(self, start: Start, code: InstalledCode, *, memory_bytes: int = 0) -> None:
        self._start = start
        self._code = code
        self._memory_bytes = memory_bytes or sys.maxsize
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="worker-pipe")
        self._ended = asyncio.Event()
        self._opened = contextlib.ExitStack()
        self._pipe: Connection
        self._process: subprocess.Popen[bytes] | None = None
        self._memory: ResidentMemory | None = None
        self.pid: int | None = None
        self._killed = False
        self.proven = False
        self.killed_for = ""

    @property
    def alive(self) -> bool:
        """Return whether it can take a job; false once the server has killed it."""
        return (
            self._process is not None
            and not self._killed
            and not self._ended.is_set()
            and self._process.poll() is None
        )

    @property
    def memory_unreadable(self) -> bool:
        """Return whether it has a memory limit that cannot be enforced."""
        return self._memory_bytes < sys.maxsize and self._resident_bytes() is None and self.alive

    async def start(self) -> Ready:
        """Start the process and return its first message, sent when its models are loaded.

        The first step starts the thread. All later work, `close` included, reuses it, so that
        it cannot fail for lack of threads.

        Raises:
            ServiceError: the worker failed to load its models.
            CodeChangedError: the installed code is not that of the server.
            WorkerLostError: the process ended or hung.
            OSError: the system refused to start a process.
            RuntimeError: the system refused to start a thread.
        """
        await self._in_thread(self._code.check)
        self._launch()
        first = await self._within(_START_TIMEOUT_S, self._handshake)
        if isinstance(first, ServiceError):
            raise first
        if not isinstance(first, Ready):
            await self._in_thread(self._code.check)  # a likely reason
            raise self._lost()
        self._code.check(first.code)
        return first

    async def answer(self, job: Job) -> Answer:
        """Return the worker's answer to the job; at most one job at a time.

        Raises:
            WorkerLostError: the process ended, or was killed for its memory or for being late.
        """
        timeout = job.deadline.remaining() + _GRACE_S
        watching = asyncio.create_task(self._watch_memory())
        try:
            answer = await self._within(timeout, partial(self._send_and_receive, job))
        finally:
            watching.cancel()
        if not isinstance(answer, Page | ServiceError):
            raise self._lost()
        self.proven = True
        return answer

    def replace_if_large(self) -> None:
        """Kill the process if it exceeds its memory limit; it has no state to save."""
        if self._exceeds(self._memory_bytes):
            log.info("worker replaced", pid=self.pid)
            self._kill("grown")

    async def ended(self) -> int:
        """Wait for the process to end; return its exit status, or a negative signal number."""
        await self._ended.wait()
        assert self._process is not None  # noqa: S101 - it was started
        return await self._in_thread(self._process.wait)

    async def close(self) -> None:
        """Kill the process, which has no state to save, and release its resources."""
        if self._process is not None:
            self._kill()
            await self.ended()
        self._thread.shutdown(wait=False)  # idle: it waited for the process
        self._opened.close()

    def _launch(self) -> None:
        with contextlib.ExitStack() as theirs:
            self._pipe, worker_end = Pipe()
            self._opened.callback(self._pipe.close)
            theirs.callback(worker_end.close)  # else the pipe would outlive the process
            sentinel, held = os.pipe()
            self._opened.callback(os.close, sentinel)
            theirs.callback(os.close, held)
            self._process = start_worker(worker_end.fileno(), held)
        self.pid = self._process.pid
        self._memory = ResidentMemory(self.pid)  # before `_handshake`: see `worker_main`
        self._opened.callback(self._memory.close)
        loop = asyncio.get_running_loop()
        loop.add_reader(sentinel, self._sentinel_fired, sentinel)
        self._opened.callback(loop.remove_reader, sentinel)

    async def _watch_memory(self) -> None:
        while not self._exceeds(2 * self._memory_bytes):  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(_MEMORY_CHECK_INTERVAL_S)
        log.warning("worker too large", pid=self.pid)
        self._kill("too large")

    def _exceeds(self, memory_bytes: int) -> bool:
        return self.alive and (self._resident_bytes() or 0) > memory_bytes

    def _resident_bytes(self) -> int | None:
        return self._memory.bytes() if self._memory else None

    def _kill(self, reason: str = "") -> None:
        self._killed = True
        self.killed_for = self.killed_for or reason
        if self._process is None:
            return
        self._process.kill()  # no effect on a process that has ended
        # Without a sandbox, a process that the worker started may hold its end of the pipe open.
        with (
            contextlib.suppress(OSError),
            socket.socket(fileno=os.dup(self._pipe.fileno())) as pipe,
        ):
            pipe.shutdown(socket.SHUT_RDWR)
        self._ended.set()

    def _sentinel_fired(self, sentinel: int) -> None:
        asyncio.get_running_loop().remove_reader(sentinel)
        self._kill()  # it may have closed its end and still be alive: do not trust it

    def _in_thread(self, call: Callable[[], _Result]) -> asyncio.Future[_Result]:
        return asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def _within(self, seconds: float, call: Callable[[], object]) -> object:
        waiting = self._in_thread(call)
        await asyncio.wait([waiting], timeout=None if seconds == float("inf") else seconds)
        if not waiting.done():
            self._kill("late")  # ends the wait, unless the answer arrives right now
        return await waiting

    def _lost(self) -> WorkerLostError:
        """Kill a worker that did not answer, or not validly.

        Its next message would be taken for the answer to another job.
        """
        self._kill()
        return WorkerLostError()

    # Functions for the thread return None for a lost worker: while the pool closes, nobody may
    # retrieve an exception.

    def _handshake(self) -> object:
        try:
            send_start(self._pipe, self._start)
        except OSError:
            return None
        return self._receive()

    def _send_and_receive(self, job: Job) -> object:
        try:
            send_job(self._pipe, job)
        except OSError:
            return None
        return self._receive()

    def _receive(self) -> object:
        try:
            return receive_from_worker(self._pipe)
        except (EOFError, OSError):
            return None
        except InvalidMessageError as error:
            log.warning("worker sent an invalid message", pid=self.pid, detail=str(error))
            self.killed_for = "invalid message"
            return None
