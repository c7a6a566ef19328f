"""Start, use, watch and end one worker process, from the server."""

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
from web_image_ocr.serving.launch import start_child
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

_START_LIMIT_S = 60.0
"""Loading the models takes about a second; a start beyond this has hung."""
_LATE_ANSWER_S = 1.0
"""A worker looks at the deadline between stages; one this late is taken as hung."""
_LOOK_EVERY_S = 0.1
"""How often the memory of a worker that reads is looked at."""

_Result = TypeVar("_Result")


class WorkerLostError(Exception):
    """The worker's process ended, or was ended, before it answered."""


class WorkerProcess:
    """Start one worker, give it one job at a time, watch it, close it.

    The end of the process is seen twice: by its sentinel, a pipe that it holds open, at any time,
    and as the end of its pipe by the thread that waits there for an answer. So the process is
    always ended first and the pipe closed last, when no thread uses it.

    Args:
        start: first message to it.
        code: that it must run.
        memory_bytes: resident memory beyond which `replace_if_large` ends it; beyond twice as much
            it is ended while it works. 0 means no bound.

    Attributes:
        pid: the process's number, once started.
        proven: whether it has answered a job.
        killed_for: why the server has ended it; empty if it ended by itself.
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
        """Return whether it can be given a job; false once the server ends it."""
        return (
            self._process is not None
            and not self._killed
            and not self._ended.is_set()
            and self._process.poll() is None
        )

    @property
    def unmeasured(self) -> bool:
        """Return whether it runs with memory bounds and its size cannot be read."""
        return self._memory_bytes < sys.maxsize and self._resident_bytes() is None and self.alive

    async def start(self) -> Ready:
        """Start the process, wait until its models are loaded and return what it says then.

        The thread starts before the process. All later work, `close` included, runs there and
        so needs no thread that the system may refuse.

        Raises:
            ServiceError: as the worker said it.
            CodeChangedError: it would run other code than the server does.
            WorkerLostError: it ended or hung instead.
            OSError: the system refused to start it.
            RuntimeError: the system refused a thread.
        """
        await self._in_thread(self._code.check)
        self._launch()
        first = await self._within(_START_LIMIT_S, self._introduce)
        if isinstance(first, ServiceError):
            raise first
        if not isinstance(first, Ready):
            await self._in_thread(self._code.check)  # then that is why
            raise self._lost()
        self._code.check(first.code)
        return first

    async def answer(self, job: Job) -> Answer:
        """Return what the worker makes of the job; at most one job at a time.

        Raises:
            WorkerLostError: it ended before, or was ended for being too late or too large.
        """
        limit = job.deadline.remaining() + _LATE_ANSWER_S
        watching = asyncio.create_task(self._watch_memory())
        try:
            answer = await self._within(limit, partial(self._send_and_receive, job))
        finally:
            watching.cancel()
        if not isinstance(answer, Page | ServiceError):
            raise self._lost()
        self.proven = True
        return answer

    def replace_if_large(self) -> None:
        """End the process if it holds more memory than it may; it has nothing to save."""
        if self._is_beyond(self._memory_bytes):
            log.info("worker replaced", pid=self.pid)
            self._kill("grown")

    async def ended(self) -> int:
        """Return the exit status when the process is gone, whatever the reason.

        As ``subprocess.Popen.returncode``: negative for the number of a signal.
        """
        await self._ended.wait()
        assert self._process is not None  # noqa: S101 - it was started
        return await self._in_thread(self._process.wait)

    async def close(self) -> None:
        """End the process, which has nothing to save, and free what it took here."""
        if self._process is not None:
            self._kill()
            await self.ended()
        self._thread.shutdown(wait=False)  # it is idle: the process was the last it waited for
        self._opened.close()

    def _launch(self) -> None:
        with contextlib.ExitStack() as theirs:
            self._pipe, far_end = Pipe()
            self._opened.callback(self._pipe.close)
            theirs.callback(far_end.close)  # so that the end of the process is that of the pipe
            sentinel, held = os.pipe()
            self._opened.callback(os.close, sentinel)
            theirs.callback(os.close, held)
            self._process = start_child(far_end.fileno(), held)
        self.pid = self._process.pid
        self._memory = ResidentMemory(self.pid)  # before `_introduce`: see `child`
        self._opened.callback(self._memory.close)
        loop = asyncio.get_running_loop()
        loop.add_reader(sentinel, self._sentinel_fired, sentinel)
        self._opened.callback(loop.remove_reader, sentinel)

    async def _watch_memory(self) -> None:
        while not self._is_beyond(2 * self._memory_bytes):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(_LOOK_EVERY_S)
        log.warning("worker too large", pid=self.pid)
        self._kill("too large")

    def _is_beyond(self, memory_bytes: int) -> bool:
        return self.alive and (self._resident_bytes() or 0) > memory_bytes

    def _resident_bytes(self) -> int | None:
        return self._memory.bytes() if self._memory else None

    def _kill(self, reason: str = "") -> None:
        self._killed = True
        self.killed_for = self.killed_for or reason
        if self._process is None:
            return
        self._process.kill()  # nothing happens where it has ended
        # A process that the worker has started, without a sandbox, may hold its files open.
        with (
            contextlib.suppress(OSError),
            socket.socket(fileno=os.dup(self._pipe.fileno())) as pipe,
        ):
            pipe.shutdown(socket.SHUT_RDWR)
        self._ended.set()

    def _sentinel_fired(self, sentinel: int) -> None:
        asyncio.get_running_loop().remove_reader(sentinel)
        self._kill()  # one that has closed its end and lives on is not trusted further

    def _in_thread(self, call: Callable[[], _Result]) -> asyncio.Future[_Result]:
        return asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def _within(self, seconds: float, call: Callable[[], object]) -> object:
        waiting = self._in_thread(call)
        await asyncio.wait([waiting], timeout=None if seconds == float("inf") else seconds)
        if not waiting.done():
            self._kill("late")  # which ends the wait; it may have answered at the last moment
        return await waiting

    def _lost(self) -> WorkerLostError:
        """End a worker that said nothing, or nonsense.

        If it lives, what it says next would be taken for the answer to another job.
        """
        self._kill()
        return WorkerLostError()

    # What runs in the thread gives None for a lost worker: nobody may be there to see an
    # exception when the pool is closing.

    def _introduce(self) -> object:
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
            log.warning("worker sent nonsense", pid=self.pid, detail=str(error))
            self.killed_for = "nonsense"
            return None
