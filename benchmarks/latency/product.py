"""Measure NumPy's product of two large float32 matrices, and name the OpenBLAS kernel it ran.

Run as a program it prints one line of JSON, ``{"kernel": "...", "gflops": ...}``.
"""

from __future__ import annotations

import ctypes
import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

_SIDE = 1536  # three matrices of 9 MB: none fits a core's cache, as is usual for this rate
_SECONDS = 0.5
_NAMES = ("scipy_openblas_get_corename64_", "openblas_get_corename64_", "openblas_get_corename")


def median_seconds(run: Callable[[], object]) -> float:
    """Return the median time of one run, over half a second after a warm-up run."""
    run()
    times: list[float] = []
    while sum(times) < _SECONDS:
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return median(times)


def kernel() -> str:
    """Return the CPU family whose kernels NumPy's OpenBLAS runs, or ``unknown``."""
    for line in Path("/proc/self/maps").read_text(encoding="utf-8").splitlines():
        path = line.split()[-1]
        if "openblas" in path:
            library = ctypes.CDLL(path)
            for function in (getattr(library, name, None) for name in _NAMES):
                if function is not None:
                    function.restype = ctypes.c_char_p
                    return str(function().decode("ascii"))
    return "unknown"


if __name__ == "__main__":
    left, right = np.random.default_rng(0).random((2, _SIDE, _SIDE), dtype=np.float32)
    seconds = median_seconds(partial(np.matmul, left, right))
    print(json.dumps({"kernel": kernel(), "gflops": 2e-9 * _SIDE**3 / seconds}))
