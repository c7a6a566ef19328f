"""The server's side of one worker process."""

from __future__ import annotations

import asyncio
import multiprocessing
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import structlog

from web_image_ocr.engine import EngineConfig
from web_image_ocr.engine.values import Page
from web_image_ocr.images import ImageLimits
from web_image_ocr.primitives.errors import ServiceError
from web_image_ocr.primitives.memory import resident_bytes, without_thread_caches
from web_image_ocr.serving.worker import Answer, Job, Ready, serve_jobs

log = structlog.stdlib.get_logger(__name__)

_START_LIMIT_S = 60.0
"""Loading the models takes about a second; a start beyond this has hung."""
_LATE_ANSWER_S = 1.0
"""A worker looks at the deadline between stages; one this late is taken as hung."""
_LOOK_EVERY_S = 0.1
"""How often the memory of a worker that reads is looked at."""

_SPAWN = multiprocessing.get_context("spawn")
"""A fork would copy locks that other threads hold."""


class WorkerLostError(Exception):
    """The worker's process ended, or was ended, before it answered."""


class WorkerProcess:
    """One worker: started, given one job at a time, watched, closed.

    The end of the process is seen twice: by its sentinel, at any time, and as the end of its
    pipe by the thread that waits there for an answer. So the process is always ended first
    and the pipe closed last, when no thread uses it.

    Args:
        engine_config: what its engine is built with.
        limits: of the pictures it decodes.
        memory_bytes: resident memory beyond which `replace_if_large` ends it; beyond twice as much
            it is ended while it works. 0 means no bound.

    Attributes:
        pid: the process's number, once started.
        proven: whether it has answered a job.
    """

    def __init__(
        self, engine_config: EngineConfig, limits: ImageLimits, *, memory_bytes: int = 0
    ) -> None:
        self._pipe, self._far_end = _SPAWN.Pipe()
        self._process = _SPAWN.Process(
            target=serve_jobs,
            args=(self._far_end, engine_config, limits),
            name="web-image-ocr-worker",
            daemon=True,
        )
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="worker-pipe")
        self._ended = asyncio.Event()
        self._killed = False
        self._memory_bytes = memory_bytes or sys.maxsize
        self.pid: int | None = None
        self.proven = False

    @property
    def alive(self) -> bool:
        """Whether it can be given a job; false from the moment it is told to end."""
        return not self._killed and not self._ended.is_set() and self._process.is_alive()

    async def start(self) -> None:
        """Start the process and wait until its models are loaded.

        Raises:
            ServiceError: as the worker said it.
            WorkerLostError: it ended or hung instead.
        """
        with without_thread_caches():
            self._process.start()
        self.pid = self._process.pid
        self._far_end.close()  # so that the end of the process is seen as the end of the pipe
        asyncio.get_running_loop().add_reader(self._process.sentinel, self._sentinel_fired)
        first = await self._within(_START_LIMIT_S, self._receive)
        if isinstance(first, ServiceError):
            raise first
        if not isinstance(first, Ready):
            raise self._lost()

    async def answer(self, job: Job) -> Answer:
        """What the worker makes of the job; at most one job at a time.

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
            self._kill()

    async def ended(self) -> None:
        """Return when the process is gone, whatever the reason."""
        await self._ended.wait()

    async def close(self) -> None:
        """End the process, which has nothing to save, and free what it took here."""
        if self.pid is not None:
            self._kill()
            await self._ended.wait()
            await asyncio.to_thread(self._thread.shutdown)
            self._process.join()
            self._process.close()
        self._pipe.close()
        self._far_end.close()

    async def _watch_memory(self) -> None:
        while not self._is_beyond(2 * self._memory_bytes):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(_LOOK_EVERY_S)
        log.warning("worker too large", pid=self.pid)
        self._kill()

    def _is_beyond(self, memory_bytes: int) -> bool:
        # Of a process that has ended the number may be another's by now.
        return self.alive and self.pid is not None and resident_bytes(self.pid) > memory_bytes

    def _kill(self) -> None:
        self._killed = True
        if not self._ended.is_set():  # else it may have been closed
            self._process.kill()

    def _sentinel_fired(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._ended.set()

    async def _within(self, seconds: float, call: Callable[[], object]) -> object:
        waiting = asyncio.get_running_loop().run_in_executor(self._thread, call)
        await asyncio.wait([waiting], timeout=None if seconds == float("inf") else seconds)
        if not waiting.done():
            self._kill()  # which ends the wait; it may have answered at the last moment
        return await waiting

    def _lost(self) -> WorkerLostError:
        """End a worker that said nothing, or nonsense.

        If it lives, what it says next would be taken for the answer to another job.
        """
        self._kill()
        return WorkerLostError()

    # What runs in the thread gives None for a lost worker: nobody may be there to see an
    # exception when the pool is closing.

    def _send_and_receive(self, job: Job) -> object:
        try:
            self._pipe.send(job)
        except OSError:
            return None
        return self._receive()

    def _receive(self) -> object:
        try:
            return self._pipe.recv()
        except (EOFError, OSError):
            return None
        except Exception as error:  # noqa: BLE001 - unpickling raises what the bytes have it raise
            log.warning("worker sent nonsense", pid=self.pid, error=type(error).__name__)
            return None
