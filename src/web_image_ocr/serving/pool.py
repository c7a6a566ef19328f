"""Assign images to worker processes: the Recognizer of one machine.

Every slot of the pool has a supervisor, a task that starts a worker, waits until its process
ends, whatever ended it, and starts the next. One slot more than jobs are run at once keeps
a worker warm, so that a lost one leaves no gap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import structlog

from web_image_ocr.engine import EngineConfig
from web_image_ocr.engine.page import Page, RecognitionOptions
from web_image_ocr.images import ImageLimits
from web_image_ocr.primitives.cpu import available_cores
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.memory import memory_limit
from web_image_ocr.serving.admission import Admission
from web_image_ocr.serving.capacity import planned
from web_image_ocr.serving.config import ServingConfig
from web_image_ocr.serving.installed_code import CodeChangedError, InstalledCode
from web_image_ocr.serving.messages import Job, Start
from web_image_ocr.serving.process import WorkerLostError, WorkerProcess
from web_image_ocr.serving.worker_exits import WorkerExits

log = structlog.stdlib.get_logger(__name__)

_RESTART_PAUSE_S = (0.0, 0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Wait before a start, by how many workers of the slot ended in a row without having
answered once: the first loss is made good at once, a broken machine is not kept busy."""
_TRIES = 2
"""A job whose worker is lost is tried once more on another."""

_Result = TypeVar("_Result")


class WorkerPool:
    """Reads pictures in processes of their own; ``async with`` starts and stops them."""

    def __init__(
        self, config: ServingConfig, engine_config: EngineConfig, limits: ImageLimits
    ) -> None:
        self._cores = available_cores()
        self._config = config
        self._plan = planned(config, self._cores, memory_limit())
        self._size = self._plan.workers
        self._start = Start(engine_config, limits, sandbox=config.sandbox)
        self._code = InstalledCode()
        self._code_has_changed = False
        self._unconfined = ""
        self._unmeasured = False
        self._endings = WorkerExits()
        self._admission = Admission(
            permits=self._size, max_waiting=config.max_waiting_per_worker * self._size
        )
        self._idle: asyncio.Queue[WorkerProcess] = asyncio.LifoQueue()
        self._workers: set[WorkerProcess] = set()
        self._supervisors: list[asyncio.Task[None]] = []
        self._first_has_started = asyncio.Event()

    async def __aenter__(self) -> WorkerPool:
        """Start the workers; calls may come in at once and wait for the first of them.

        It starts before the others, which would take its time.
        """
        self._supervisors = [asyncio.create_task(self._supervise_slot())]
        later = self._size + self._plan.spare - 1
        self._supervisors += [
            asyncio.create_task(self._supervise_later_slot()) for _ in range(later)
        ]
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Stop all workers; jobs still running are lost."""
        for supervisor in self._supervisors:
            supervisor.cancel()
        await asyncio.gather(*self._supervisors, return_exceptions=True)

    def ready(self) -> bool:
        """Whether at least one worker lives and has its models loaded."""
        return any(worker.alive for worker in self._workers)

    async def recognize(
        self, picture: bytes, options: RecognitionOptions, deadline: Deadline, project_id: str
    ) -> Page:
        """The text of one picture file; see ``Recognizer.recognize``.

        A caller that is cancelled while its picture is read is held until the worker is
        free again: the worker finishes, which is cheaper than to start another and is
        bounded by the deadline, and meanwhile counts as busy.
        """
        async with self._admission.permit(project_id, deadline):
            for _ in range(_TRIES):
                worker = await self._idle_worker(deadline)
                cores = self._cores if self._admission.alone else 1
                try:
                    answer = await _to_its_end(
                        worker.answer(Job(picture, options, deadline, cores))
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
        """Keep one worker alive until cancelled."""
        lost_in_a_row = 0
        while True:
            await asyncio.sleep(_RESTART_PAUSE_S[min(lost_in_a_row, len(_RESTART_PAUSE_S) - 1)])
            try:
                proven = await self._run_a_worker()
            except (OSError, RuntimeError) as error:  # no memory, process, thread or file is left
                detail = getattr(error, "strerror", None) or str(error)
                log.error("worker did not start", kind="system", detail=detail)  # noqa: TRY400
                proven = False
            except Exception:  # a slot without a supervisor would stay empty until a restart
                log.exception("worker supervision failed")
                proven = False
            lost_in_a_row = 0 if proven else lost_in_a_row + 1

    async def _supervise_later_slot(self) -> None:
        await self._first_has_started.wait()
        await self._supervise_slot()

    async def _run_a_worker(self) -> bool:
        """Have one worker from its start to its end; whether it has answered a job."""
        worker = WorkerProcess(
            self._start, self._code, memory_bytes=self._config.worker_memory_bytes
        )
        try:
            await self._serve_with(worker)
        finally:
            self._first_has_started.set()
            self._workers.discard(worker)
            await _to_its_end(worker.close())
        return worker.proven

    async def _serve_with(self, worker: WorkerProcess) -> None:
        """Start the worker and hand it out for as long as it lives."""
        try:
            ready = await worker.start()
        except ServiceError as error:
            log.error("worker did not start", kind=error.kind, detail=error.detail)  # noqa: TRY400
        except CodeChangedError as error:
            self._report_changed_code(error)
        except WorkerLostError:
            ending = self._endings.of(worker.killed_for, await worker.ended())
            log.error("worker did not start", kind="lost", **ending)  # noqa: TRY400
        else:
            self._first_has_started.set()
            self._code_has_changed = False
            log.info("worker ready", pid=worker.pid)
            self._report_unconfined(ready.unconfined)
            self._report_unmeasured(worker)
            self._workers.add(worker)
            self._idle.put_nowait(worker)
            status = await worker.ended()
            ending = self._endings.of(worker.killed_for, status)
            log.warning("worker ended", pid=worker.pid, **ending)

    def _report_unconfined(self, reason: str) -> None:
        """Log it once where workers have no sandbox although the settings want one."""
        if self._config.sandbox and reason and not self._unconfined:
            self._unconfined = reason
            log.warning("workers run without a sandbox", reason=reason)

    def _report_unmeasured(self, worker: WorkerProcess) -> None:
        """Log it once where the memory of workers cannot be read, so that no bound holds."""
        if worker.unmeasured and not self._unmeasured:
            self._unmeasured = True
            log.warning(
                "memory of workers is not bounded",
                pid=worker.pid,
                detail="its size cannot be read from /proc: serving.worker_memory_bytes has no "
                "effect; mount /proc and let the server see its own processes",
            )

    def _report_changed_code(self, error: CodeChangedError) -> None:
        """Log it once: every slot finds it at every try, and workers that live go on."""
        if not self._code_has_changed:
            self._code_has_changed = True
            log.error(
                "worker did not start",
                kind="code_changed",
                detail=str(error),
                running=self._code.at_start,
                installed=error.installed,
            )


async def _to_its_end(work: Awaitable[_Result]) -> _Result:
    """What ``work`` gives; when cancelled, waits for its end before it says so."""
    working = asyncio.ensure_future(work)
    try:
        await asyncio.wait([working])
    except asyncio.CancelledError:
        await asyncio.wait([working])
        working.exception()  # seen: asyncio need not report it
        raise
    return working.result()
