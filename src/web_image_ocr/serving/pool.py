"""Distribute images over a pool of worker processes.

Each slot of the pool has a supervisor: a task that starts a worker, waits for its process to end,
and starts the next. Spare slots keep more workers warm than jobs run, so that a lost worker is
replaced at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import structlog

from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.page import Page, RecognitionOptions
from web_image_ocr.images import ImageLimits
from web_image_ocr.primitives.cpu import available_cores
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.memory import memory_limit
from web_image_ocr.serving.admission import Admission
from web_image_ocr.serving.capacity import plan_workers
from web_image_ocr.serving.config import ServingConfig
from web_image_ocr.serving.installed_code import CodeChangedError, InstalledCode
from web_image_ocr.serving.messages import Job, Start
from web_image_ocr.serving.process import WorkerLostError, WorkerProcess
from web_image_ocr.serving.worker_exits import WorkerExits

log = structlog.stdlib.get_logger(__name__)

_RESTART_DELAYS_S = (0.0, 0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Back-off before a start, by the number of consecutive workers of the slot that never answered."""
_TRIES = 2
"""A job whose worker is lost is retried once on another worker."""

_Result = TypeVar("_Result")


class WorkerPool:
    """Recognize images in worker processes; ``async with`` starts and stops them."""

    def __init__(
        self, config: ServingConfig, engine_config: EngineConfig, limits: ImageLimits
    ) -> None:
        self._cores = available_cores()
        self._config = config
        self._plan = plan_workers(config, self._cores, memory_limit())
        self._size = self._plan.workers
        self._start = Start(engine_config, limits, sandbox=config.sandbox)
        self._code = InstalledCode()
        self._code_changed = False
        self._sandbox_warned = False
        self._memory_warned = False
        self._exits = WorkerExits()
        self._admission = Admission(
            permits=self._size, max_waiting=config.max_waiting_per_worker * self._size
        )
        self._idle: asyncio.Queue[WorkerProcess] = asyncio.LifoQueue()
        self._workers: set[WorkerProcess] = set()
        self._supervisors: list[asyncio.Task[None]] = []
        self._first_started = asyncio.Event()

    async def __aenter__(self) -> WorkerPool:
        """Start the workers, the first one alone to be ready soon; calls may arrive at once."""
        self._supervisors = [asyncio.create_task(self._supervise_slot())]
        others = self._size + self._plan.spare - 1
        self._supervisors += [
            asyncio.create_task(self._supervise_later_slot()) for _ in range(others)
        ]
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Kill all workers; running jobs are lost."""
        for supervisor in self._supervisors:
            supervisor.cancel()
        await asyncio.gather(*self._supervisors, return_exceptions=True)

    def ready(self) -> bool:
        """Return whether at least one worker is alive with its models loaded."""
        return any(worker.alive for worker in self._workers)

    async def recognize(
        self, image: bytes, options: RecognitionOptions, deadline: Deadline, project_id: str
    ) -> Page:
        """Return the text of one image file; see ``Recognizer.recognize``.

        A cancelled call waits until its worker has finished and is free again. That is cheaper
        than a new worker and bounded by the deadline.
        """
        async with self._admission.permit(project_id, deadline):
            for _ in range(_TRIES):
                worker = await self._idle_worker(deadline)
                cores = self._cores if self._admission.alone else 1
                try:
                    answer = await await_uncancelled(
                        worker.answer(Job(image, options, deadline, cores))
                    )
                except WorkerLostError:
                    deadline.check()
                    log.warning("worker lost", pid=worker.pid)
                    continue
                finally:
                    worker.replace_if_large()
                    self._idle.put_nowait(worker)
                if isinstance(answer, ServiceError):
                    raise answer
                return answer
        raise ServiceError(ErrorKind.ENGINE_UNAVAILABLE, f"{_TRIES} workers were lost on one job")

    async def _idle_worker(self, deadline: Deadline) -> WorkerProcess:
        remaining = deadline.remaining()
        try:
            async with asyncio.timeout(None if remaining == float("inf") else remaining):
                while not (worker := await self._idle.get()).alive:
                    pass
                return worker
        except TimeoutError:
            raise ServiceError(
                ErrorKind.ENGINE_UNAVAILABLE, "no worker was ready before the deadline"
            ) from None

    async def _supervise_slot(self) -> None:
        """Keep one worker running until cancelled."""
        failures = 0
        while True:
            await asyncio.sleep(_RESTART_DELAYS_S[min(failures, len(_RESTART_DELAYS_S) - 1)])
            try:
                proven = await self._run_worker()
            except (OSError, RuntimeError) as error:  # out of memory, processes, threads or files
                detail = getattr(error, "strerror", None) or str(error)
                log.error("worker did not start", kind="system", detail=detail)  # noqa: TRY400
                proven = False
            except Exception:  # without a supervisor the slot would stay empty until a restart
                log.exception("worker supervision failed")
                proven = False
            failures = 0 if proven else failures + 1

    async def _supervise_later_slot(self) -> None:
        await self._first_started.wait()
        await self._supervise_slot()

    async def _run_worker(self) -> bool:
        """Run one worker until it ends; return whether it has answered a job."""
        worker = WorkerProcess(
            self._start, self._code, memory_bytes=self._config.worker_memory_bytes
        )
        try:
            await self._serve_with(worker)
        finally:
            self._first_started.set()
            self._workers.discard(worker)
            await await_uncancelled(worker.close())
        return worker.proven

    async def _serve_with(self, worker: WorkerProcess) -> None:
        """Start the worker and offer it to jobs until it ends."""
        try:
            ready = await worker.start()
        except ServiceError as error:
            log.error("worker did not start", kind=error.kind, detail=error.detail)  # noqa: TRY400
        except CodeChangedError as error:
            self._report_code_changed(error)
        except WorkerLostError:
            exit_fields = self._exits.describe(worker.killed_for, await worker.ended())
            log.error("worker did not start", kind="lost", **exit_fields)  # noqa: TRY400
        else:
            self._first_started.set()
            self._code_changed = False
            log.info("worker ready", pid=worker.pid)
            self._warn_no_sandbox(ready.unconfined)
            self._warn_memory_unreadable(worker)
            self._workers.add(worker)
            self._idle.put_nowait(worker)
            status = await worker.ended()
            exit_fields = self._exits.describe(worker.killed_for, status)
            log.warning("worker ended", pid=worker.pid, **exit_fields)

    def _warn_no_sandbox(self, reason: str) -> None:
        """Log once that workers run without the sandbox that the settings ask for."""
        if self._config.sandbox and reason and not self._sandbox_warned:
            self._sandbox_warned = True
            log.warning("workers run without a sandbox", reason=reason)

    def _warn_memory_unreadable(self, worker: WorkerProcess) -> None:
        """Log once that the memory limit of workers cannot be enforced."""
        if worker.memory_unreadable and not self._memory_warned:
            self._memory_warned = True
            log.warning(
                "memory of workers is not bounded",
                pid=worker.pid,
                detail="its size cannot be read from /proc: serving.worker_memory_bytes has no "
                "effect; mount /proc and let the server see its own processes",
            )

    def _report_code_changed(self, error: CodeChangedError) -> None:
        """Log once that the installed code changed; running workers go on."""
        if not self._code_changed:
            self._code_changed = True
            log.error(
                "worker did not start",
                kind="code_changed",
                detail=str(error),
                running=self._code.at_start,
                installed=error.installed,
            )


async def await_uncancelled(work: Awaitable[_Result]) -> _Result:
    """Return the result of ``work``; if cancelled, wait for it to finish before raising."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        await asyncio.wait([task])
        task.exception()  # mark it as retrieved
        raise
    return task.result()
