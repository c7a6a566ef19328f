"""Serve an adapter to the benchmark: one line of JSON per request and per response.

The adapter first sends ``{"versions": {...}}``, once its engine is warm. It answers each request
``{"image": "path of an .npy file"}`` by ``{"lines": [{"text", "quad", "confidence"}, ...],
"seconds": ...}``. Started with such a path as its argument, it recognizes that image cold,
responds and exits.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, Protocol, TypedDict, TypeVar

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
"""(H, W, 3) RGB."""

Input = TypeVar("Input")


class Line(TypedDict):
    """Hold a found line: corners clockwise from the upper left, pixels; confidence 0 to 1."""

    text: str
    quad: list[list[float]]
    confidence: float | None


class Adapter(Protocol[Input]):
    """Run an engine with its default settings."""

    def prepare(self, pixels: Pixels) -> Input:
        """Return the image in the form that the engine accepts, without loss; not timed."""
        ...

    def read(self, prepared: Input) -> list[Line]:
        """Return the lines that the engine finds, in its order; timed."""
        ...

    def versions(self) -> dict[str, str]:
        """Return the engine's packages or programs and their versions."""
        ...


def serve(start: Callable[[], Adapter[Any]]) -> None:
    """Respond until standard input ends; ``start`` imports the engine and loads its models."""
    # Engines log to standard output; responses go to a copy of it that they do not have.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as responses:
        os.dup2(2, 1)
        adapter = start()
        if sys.argv[1:]:
            print(json.dumps(_recognize(adapter, np.load(sys.argv[1]))), file=responses)
            return
        adapter.read(adapter.prepare(np.full((320, 320, 3), 255, np.uint8)))
        print(json.dumps({"versions": adapter.versions()}), file=responses, flush=True)
        for request in sys.stdin:
            response = _recognize(adapter, np.load(json.loads(request)["image"]))
            print(json.dumps(response), file=responses, flush=True)


def package_versions(*names: str) -> dict[str, str]:
    """Return the installed versions of Python packages."""
    return {name: version(name) for name in names}


def upright_quad(left: float, top: float, right: float, bottom: float) -> list[list[float]]:
    """Return the corners of an upright box."""
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def _recognize(adapter: Adapter[Any], pixels: Pixels) -> dict[str, Any]:
    prepared = adapter.prepare(pixels)
    started = time.perf_counter()
    lines = adapter.read(prepared)
    return {"lines": lines, "seconds": time.perf_counter() - started}
