"""Part ``sgemm``: compare the models' rates with that of a large matrix product on one core.

The reference is NumPy's product of two large matrices, in a separate process with one thread.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from functools import partial
from statistics import median
from typing import Any

import numpy as np

from benchmarks.latency.flop import count_flop
from benchmarks.latency.product import median_seconds
from benchmarks.peers.environments import ROOT
from web_image_ocr.engine.config import EngineConfig, Precision
from web_image_ocr.engine.runtime.models import load_models
from web_image_ocr.engine.runtime.session import Session, Tensor
from web_image_ocr.engine.runtime.session_pool import SessionPool

_DETECTION = (1, 3, 640, 640)  # an image of a web page, scaled down
_RECOGNITION = (1, 3, 48, 320)  # a line of about 25 letters
_ROUNDS = 7
_PRECISIONS: tuple[Precision, ...] = ("float32", "int8")

_KERNEL_VARIABLES = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Variables that select another kernel than this CPU's."""


@dataclass(frozen=True, slots=True)
class Model:
    """Hold a model under measurement: its file, session and input, and seconds of each round."""

    file: bytes
    session: Session
    batch: Tensor
    seconds: list[float] = field(default_factory=list)

    def rates(self, sgemm_gflops: float) -> dict[str, Any]:
        """Return operations and time of one run, its rate, and the share of the product's rate."""
        gflop, seconds = count_flop(self.file, self.batch) / 1e9, median(self.seconds)
        return {
            "shape": self.batch.shape,
            "gflop": round(gflop, 3),
            "ms": round(1000 * seconds, 2),
            "gflops": round(gflop / seconds, 1),
            "share": round(gflop / seconds / sgemm_gflops, 3),
        }


def measure() -> dict[str, Any]:
    """Measure the rates on one thread, models and product in turn; return medians over the rounds.

    Returns:
        ``kernel``: of NumPy's product; ``sgemm_gflops``: its rate; ``models``: for each model and
        precision ``shape``, ``gflop`` of a run (10^9 operations of any data type), ``ms``,
        ``gflops``, ``share`` of the product's rate.
    """
    models: dict[str, Model] = {}
    for precision in _PRECISIONS:
        files = load_models(EngineConfig(precision=precision))
        sessions = SessionPool(files, threads=1).for_cores(1)
        models |= {
            f"detection {precision}": Model(
                files.detection, sessions.detection, _noise(_DETECTION)
            ),
            f"recognition {precision}": Model(
                files.recognition, sessions.recognition, _noise(_RECOGNITION)
            ),
        }
    products = []
    for _ in range(_ROUNDS):
        products.append(_product())
        for model in models.values():
            model.seconds.append(median_seconds(partial(model.session.run, model.batch)))
    rate = median(product["gflops"] for product in products)
    result = {
        "kernel": products[0]["kernel"],
        "sgemm_gflops": round(rate, 1),
        "models": {name: model.rates(rate) for name, model in models.items()},
    }
    print(result, flush=True)
    return result


def _noise(shape: tuple[int, ...]) -> Tensor:
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


def _product() -> dict[str, Any]:
    environment = {key: value for key, value in os.environ.items() if key not in _KERNEL_VARIABLES}
    product: dict[str, Any] = json.loads(
        subprocess.run(
            [sys.executable, "-m", "benchmarks.latency.product"],
            cwd=ROOT,
            env={**environment, "OPENBLAS_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
    )
    return product
