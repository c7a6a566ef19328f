"""What the engine asks of an inference library."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

Tensor = npt.NDArray[np.float32]
"""(N, 3, H, W) float32, BGR, -1 to 1, for a model's input; its answer's shape is the model's."""


class Session(Protocol):
    """One model, ready to run. Safe to run from many threads at once."""

    def run(self, batch: Tensor) -> Tensor:
        """The model's answer to one batch, good until the same thread's next run."""
        ...


class Model(Protocol):
    """A model that was read from its file."""

    def open(self, *, threads: int, at_once: int = 1) -> Session:
        """The model, ready to run; opened again for another number of threads.

        Args:
            threads: how many one run uses, at least 1.
            at_once: how many runs are asked for at the same time, at least 1; more of them
                are right, too, but may wait for one another.

        Raises:
            ServiceError: ``MODEL_UNAVAILABLE`` when the library cannot run it.
        """
        ...


class Runtime(Protocol):
    """An inference library."""

    def load(self, file: bytes, *, any_width: bool = False) -> Model:
        """The model of an ONNX file.

        Args:
            file: its bytes.
            any_width: whether batches come in any width, and the answer is (N, T, C) with steps
                along it. A runtime that does better with few widths may then fill them up.

        Raises:
            ServiceError: ``MODEL_UNAVAILABLE`` when the file is no model.
        """
        ...
