"""OpenVINO, on the processor: bfloat16 where the processor computes with it."""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from web_image_ocr.engine.runtimes.base import Tensor
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

# OpenVINO makes kernels for each shape it has not met: 11 ms for a line, 20 for a view. So that it
# meets shapes again, lines are filled up to a multiple of the step for their width.
WIDTH_STEPS = ((320, 32), (640, 64))  # up to a width, and the step
WIDEST_STEP = 128
# Kernels that are kept, of each kind and for all runs at once; a line needs 57 convolutions.
KEPT_KERNELS = 500

_PROCESSOR = Path("/proc/cpuinfo")


def computes_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 numbers itself; false where it is not Linux."""
    try:
        lines = _PROCESSOR.read_text().splitlines()
    except OSError:
        return False
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    return "avx512_bf16" in flags or "amx_bf16" in flags


class OpenVinoRuntime:
    """OpenVINO as a ``Runtime``."""

    def load(self, file: bytes, *, any_width: bool = False) -> OpenVinoModel:
        """As ``Runtime.load``."""
        try:
            return OpenVinoModel(_core().read_model(file), any_width)
        except Exception as error:
            raise ServiceError(
                ErrorKind.MODEL_UNAVAILABLE, f"a model file cannot be loaded: {error}"
            ) from error


@cache
def _core() -> Any:
    """OpenVINO itself, for as long as the process lives.

    Once its CPU plugin is unloaded, the next signal that Python handles ends the process by a
    segmentation fault (seen with 2026.4.1; a stack for signals that is freed seems to be left).
    """
    import openvino  # noqa: PLC0415 - importing the package must stay cheap

    return openvino.Core()


@dataclass(frozen=True, slots=True)
class OpenVinoModel:
    """A ``Model`` for OpenVINO: what is opened from it shares its weights."""

    graph: Any
    any_width: bool

    def open(self, *, threads: int, at_once: int = 1) -> OpenVinoSession:
        """As ``Model.open``."""
        settings = {
            "INFERENCE_PRECISION_HINT": "bf16" if computes_bfloat16() else "f32",
            "INFERENCE_NUM_THREADS": threads * at_once,
            "NUM_STREAMS": at_once,
            "ENABLE_CPU_PINNING": False,  # other workers would be pinned to the same cores
            "CPU_RUNTIME_CACHE_CAPACITY": KEPT_KERNELS // at_once,
        }
        try:
            compiled = _core().compile_model(self.graph, "CPU", settings)
        except Exception as error:
            raise ServiceError(
                ErrorKind.MODEL_UNAVAILABLE, f"a model cannot be compiled: {error}"
            ) from error
        return OpenVinoSession(compiled, any_width=self.any_width)


class OpenVinoSession:
    """A ``Session`` of OpenVINO; it keeps the memory of the largest run."""

    def __init__(self, compiled: Any, *, any_width: bool) -> None:
        self._compiled = compiled
        self._any_width = any_width
        self._of_thread = threading.local()

    def run(self, batch: Tensor) -> Tensor:
        """The model's first output for one batch.

        Any width is filled up with zeros (grey, as in the recogniser's training); the steps of the
        answer that see nothing else are cut off.
        """
        width = batch.shape[3]
        filled = filled_width(width) if self._any_width else width
        if filled != width:
            batch = np.pad(batch, ((0, 0), (0, 0), (0, 0), (0, filled - width)))
        answer: Tensor = self._request().infer([batch], share_inputs=True, share_outputs=True)[0]
        steps = math.ceil(answer.shape[1] * width / filled - 0.5)  # as the model rounds
        return answer if filled == width else answer[:, :steps]

    def _request(self) -> Any:
        if not hasattr(self._of_thread, "request"):
            self._of_thread.request = self._compiled.create_infer_request()
        return self._of_thread.request


def filled_width(width: int) -> int:
    """The width that a line of this width is filled up to."""
    step = next((step for most, step in WIDTH_STEPS if width <= most), WIDEST_STEP)
    return -(-width // step) * step
