"""Open each model once for every number of threads that calls use."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from web_image_ocr.engine.runtime.line_scheduler import LineScheduler
from web_image_ocr.engine.runtime.session import OnnxSession, Session
from web_image_ocr.primitives.cpu import available_cores

if TYPE_CHECKING:
    from web_image_ocr.engine.runtime.models import Models


@dataclass(frozen=True, slots=True)
class SessionSet:
    """Hold the sessions for calls with the same number of threads.

    Attributes:
        detection: uses all threads in one run.
        recognition: uses all threads in one run.
        single_thread_recognition: uses one thread in one run, for parallel runs.
        scheduler: distributes lines over the two recognition sessions.
    """

    detection: Session
    recognition: Session
    single_thread_recognition: Session
    scheduler: LineScheduler


class SessionPool:
    """Open the single-threaded and multi-threaded sessions of both models on first use.

    Args:
        models: both models.
        threads: of the multi-threaded sessions; 0 means ``available_cores()``.
    """

    def __init__(self, models: Models, threads: int) -> None:
        self._models = {"detection": models.detection, "recognition": models.recognition}
        self._threads = threads or available_cores()
        self._opened: dict[tuple[str, int], Session] = {}
        self._sets: dict[int, SessionSet] = {}
        self._lock = threading.Lock()

    def for_cores(self, cores: int | None) -> SessionSet:
        """Return the sessions for a call that may use this many cores; None means all."""
        threads = 1 if cores == 1 else self._threads
        with self._lock:
            if threads not in self._sets:
                self._sets[threads] = SessionSet(
                    detection=self._session("detection", threads),
                    recognition=self._session("recognition", threads),
                    single_thread_recognition=self._session("recognition", 1),
                    scheduler=LineScheduler(threads),
                )
            return self._sets[threads]

    def _session(self, name: Literal["detection", "recognition"], threads: int) -> Session:
        if (name, threads) not in self._opened:
            self._opened[name, threads] = OnnxSession(self._models[name], threads)
        return self._opened[name, threads]
