"""ONNX Runtime, on the processor: float32 everywhere, little memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from web_image_ocr.engine.runtimes.base import Tensor
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


class OnnxRuntime:
    """ONNX Runtime as a ``Runtime``."""

    def load(self, file: bytes, *, any_width: bool = False) -> OnnxModel:
        """As ``Runtime.load``; whether it is a model shows when it is opened."""
        del any_width  # all shapes are alike
        return OnnxModel(file)


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """A ``Model`` for ONNX Runtime: the bytes of its file."""

    file: bytes

    def open(self, *, threads: int, at_once: int = 1) -> OnnxSession:
        """As ``Model.open``; any number of runs go on at once."""
        del at_once
        return OnnxSession(self.file, threads)


class OnnxSession:
    """A ``Session`` of ONNX Runtime; keeps no state between runs."""

    def __init__(self, file: bytes, threads: int) -> None:
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
                file, options, providers=["CPUExecutionProvider"]
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
