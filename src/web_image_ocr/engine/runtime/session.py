"""What runs a model: ONNX Runtime, on the processor. No other module imports it."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.pixels import Pixels

LINE_HEIGHT_PX = 48  # pixels; input height of the recognition model
Tensor = npt.NDArray[np.float32]
"""(N, 3, H, W) float32, BGR, -1 to 1, for a model's input; its answer's shape is the model's."""


def to_tensor(pixels: Pixels) -> Tensor:
    """(1, 3, H, W) float32, BGR, x / 127.5 - 1, from (H, W, 3) RGB."""
    planes = pixels[:, :, ::-1].transpose(2, 0, 1)[None]
    batch = np.ascontiguousarray(planes, dtype=np.float32)
    batch *= np.float32(1 / 127.5)
    batch -= np.float32(1)
    return batch


class Session(Protocol):
    """One model, ready to run. Safe to run from many threads at once."""

    def run(self, batch: Tensor) -> Tensor:
        """The model's answer to one batch."""
        ...


class OnnxSession:
    """A ``Session`` of ONNX Runtime; keeps no state between runs.

    Args:
        model: the bytes of an ONNX file.
        threads: how many one run uses, at least 1.

    Raises:
        ServiceError: ``MODEL_UNAVAILABLE`` when it cannot be run.
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
        return self.outputs(batch)[0]

    def outputs(self, batch: Tensor) -> list[Tensor]:
        """All of the model's outputs for one batch, in its order."""
        answers: list[Tensor] = self._session.run(None, {self._input: batch})
        return answers
