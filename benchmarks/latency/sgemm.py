"""Part ``sgemm``: how much of what one core can do in matrix products the models get.

NumPy's own product of two large matrices stands for what the core can do. It runs in a process
of its own with one thread.
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

_DETECTION = (1, 3, 640, 640)  # a picture of a web page, made smaller
_RECOGNITION = (1, 3, 48, 320)  # a line of some 25 letters
_ROUNDS = 7
_PRECISIONS: tuple[Precision, ...] = ("float32", "int8")

_STEERING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Variables that choose another kernel than the one made for this processor."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model under measurement: its file, its session, its input, seconds of each round."""

    file: bytes
    session: Session
    batch: Tensor
    seconds: list[float] = field(default_factory=list)

    def rates(self, sgemm_gflops: float) -> dict[str, Any]:
        """What one run computes, how long it takes, and the share of the product's rate."""
        gflop, seconds = count_flop(self.file, self.batch) / 1e9, median(self.seconds)
        return {
            "shape": self.batch.shape,
            "gflop": round(gflop, 3),
            "ms": round(1000 * seconds, 2),
            "gflops": round(gflop / seconds, 1),
            "share": round(gflop / seconds / sgemm_gflops, 3),
        }


def measure() -> dict[str, Any]:
    """Rates at one thread, the models in turn with the product; medians over the rounds.

    Returns:
        ``kernel``: the one that NumPy's product ran; ``sgemm_gflops``: its rate; ``models``: of
        each, with either precision, ``shape``, ``gflop`` of a run (10^9 operations, whatever the
        numbers), ``ms``, ``gflops``, ``share`` of the product's rate.
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
    plain = {key: value for key, value in os.environ.items() if key not in _STEERING}
    answer: dict[str, Any] = json.loads(
        subprocess.run(
            [sys.executable, "-m", "benchmarks.latency.product"],
            cwd=ROOT,
            env={**plain, "OPENBLAS_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
    )
    return answer
