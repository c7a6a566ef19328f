"""The models of an engine, opened for as many cores as a call may use."""

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
    """The models for a call that may use a number of threads.

    Attributes:
        detection: uses them all in a run.
        recognition: uses them all in a run.
        single_thread_recognition: the recognizer that uses one thread in a run; as many runs at
            once as there are threads.
        scheduler: the threads for them.
    """

    detection: Session
    recognition: Session
    single_thread_recognition: Session
    scheduler: LineScheduler


class SessionPool:
    """The narrow (one thread) and the wide sessions of both models, each opened when first used.

    Args:
        models: both models.
        threads: of the wide sessions; 0 means ``available_cores()``.
    """

    def __init__(self, models: Models, threads: int) -> None:
        self._models = {"detection": models.detection, "recognition": models.recognition}
        self._threads = threads or available_cores()
        self._opened: dict[tuple[str, int], Session] = {}
        self._sets: dict[int, SessionSet] = {}
        self._lock = threading.Lock()

    def for_cores(self, cores: int | None) -> SessionSet:
        """The sessions for a call that may use this many cores; none means all."""
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
