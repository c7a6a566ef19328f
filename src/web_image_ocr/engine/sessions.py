"""Inference sessions: the only importer of ONNX Runtime.

A session is safe to run from many threads at once; it keeps no state between runs.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from web_image_ocr.engine.side_by_side import SideBySide
from web_image_ocr.primitives.cores import available_cores
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

if TYPE_CHECKING:
    from web_image_ocr.engine.models import ModelBytes

Tensor = npt.NDArray[np.float32]
"""(N, 3, H, W) float32, BGR, -1 to 1, for a model's input; its answer's shape is the model's."""


class Session(Protocol):
    """One model, ready to run."""

    def run(self, batch: Tensor) -> Tensor:
        """The model's answer to one batch."""
        ...


class OnnxSession:
    """A model in ONNX Runtime, on CPU.

    Args:
        model: the ONNX file.
        threads: how many threads one run uses, at least 1.

    Raises:
        ServiceError: ``MODEL_UNAVAILABLE`` when the file is no usable model.
    """

    def __init__(self, model: bytes, threads: int) -> None:
        import onnxruntime  # noqa: PLC0415 - importing the package must stay cheap

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Waiting threads sleep: other workers need the cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Input shapes vary without end; an arena would keep the largest for ever.
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ServiceError(
                ErrorKind.MODEL_UNAVAILABLE, f"a model file cannot be loaded: {error}"
            ) from error
        self._input: str = self._session.get_inputs()[0].name

    def run(self, batch: Tensor) -> Tensor:
        """The model's first output for one batch."""
        answer: Tensor = self._session.run(None, {self._input: batch})[0]
        return answer

    def metadata(self) -> dict[str, str]:
        """What the model's author wrote into the file."""
        return dict(self._session.get_modelmeta().custom_metadata_map)


@dataclass(frozen=True, slots=True)
class SessionSet:
    """The models for a call that may use a number of threads.

    Attributes:
        detection: uses them all in a run.
        recognition: uses them all in a run.
        lane: the recogniser that uses one thread in a run; as many runs at once as there are
            threads.
        side_by_side: the threads for them.
    """

    detection: Session
    recognition: Session
    lane: Session
    side_by_side: SideBySide


class Sessions:
    """The narrow (one thread) and the wide sessions of both models, each built when first used.

    Args:
        models: the checked model files.
        threads: of the wide sessions; 0 means ``available_cores()``.
    """

    def __init__(self, models: ModelBytes, threads: int) -> None:
        self._models = models
        self._threads = threads or available_cores()
        self._built: dict[tuple[str, int], OnnxSession] = {}
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
                    lane=self._session("recognition", 1),
                    side_by_side=SideBySide(threads),
                )
            return self._sets[threads]

    def metadata(self) -> dict[str, str]:
        """What the recogniser's author wrote into its file."""
        with self._lock:
            return self._session("recognition", 1).metadata()

    def _session(self, model: Literal["detection", "recognition"], threads: int) -> OnnxSession:
        key = (model, threads)
        if key not in self._built:
            self._built[key] = OnnxSession(getattr(self._models, model), threads)
        return self._built[key]
