"""Run a model with ONNX Runtime on the CPU. No other module imports ONNX Runtime."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.pixels import Pixels

LINE_HEIGHT_PX = 48  # input height of the recognition model

Tensor = npt.NDArray[np.float32]
"""(N, 3, H, W) float32, BGR, -1 to 1, for a model's input; an output's shape is the model's."""


def to_tensor(pixels: Pixels) -> Tensor:
    """Return a batch (1, 3, H, W) float32, BGR, x / 127.5 - 1, of pixels (H, W, 3) RGB."""
    planes = pixels[:, :, ::-1].transpose(2, 0, 1)[None]
    batch = np.ascontiguousarray(planes, dtype=np.float32)
    batch *= np.float32(1 / 127.5)
    batch -= np.float32(1)
    return batch


class Session(Protocol):
    """Run one loaded model. Safe to call from many threads at once."""

    def run(self, batch: Tensor) -> Tensor:
        """Return the model's output for one batch."""
        ...


class OnnxSession:
    """Run a model with ONNX Runtime.

    Args:
        model: the bytes of an ONNX file.
        threads: intra-op threads of one run, at least 1.

    Raises:
        ServiceError: ``MODEL_UNAVAILABLE`` when ONNX Runtime refuses the model.
    """

    def __init__(self, model: bytes, threads: int) -> None:
        import onnxruntime  # noqa: PLC0415 - importing this package must stay cheap

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Waiting threads sleep: other workers need the cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        # Input shapes vary without limit; an arena would keep the largest one forever.
        options.enable_cpu_mem_arena = False
        options.enable_mem_pattern = False
        options.log_severity_level = 3
        try:
            self._session: Any = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise ServiceError(
                ErrorKind.MODEL_UNAVAILABLE, f"ONNX Runtime cannot load a model file: {error}"
            ) from error
        self._input: str = self._session.get_inputs()[0].name

    def run(self, batch: Tensor) -> Tensor:
        """Return the model's first output for one batch."""
        return self.outputs(batch)[0]

    def outputs(self, batch: Tensor) -> list[Tensor]:
        """Return all of the model's outputs for one batch, in the model's order."""
        outputs: list[Tensor] = self._session.run(None, {self._input: batch})
        return outputs
