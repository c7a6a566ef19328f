"""The conversation of an adapter with the benchmark: a line of JSON asks, a line of JSON answers.

The first answer comes without a question, once the engine is warm: ``{"versions": {...}}``.
Then each question ``{"image": "path of an .npy file"}`` is answered by
``{"lines": [{"text", "quad", "confidence"}, ...], "seconds": ...}``.
An adapter that is started with such a path reads that picture, cold, answers, and ends.
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
    """One found line: corners clockwise from the upper left, pixels; confidence 0 to 1 or none."""

    text: str
    quad: list[list[float]]
    confidence: float | None


class Adapter(Protocol[Input]):
    """An engine with its default settings."""

    def prepare(self, pixels: Pixels) -> Input:
        """The picture in the form the engine takes, without loss; not timed."""
        ...

    def read(self, prepared: Input) -> list[Line]:
        """What the engine finds, in its order; timed."""
        ...

    def versions(self) -> dict[str, str]:
        """Name and version of what reads."""
        ...


def serve(start: Callable[[], Adapter[Any]]) -> None:
    """Answers until standard input ends; ``start`` imports the engine and loads its models."""
    # Engines log to standard output; the answers go to a copy of it that they do not know.
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        adapter = start()
        if sys.argv[1:]:
            print(json.dumps(_timed(adapter, np.load(sys.argv[1]))), file=answers)
            return
        adapter.read(adapter.prepare(np.full((320, 320, 3), 255, np.uint8)))
        print(json.dumps({"versions": adapter.versions()}), file=answers, flush=True)
        for question in sys.stdin:
            answer = _timed(adapter, np.load(json.loads(question)["image"]))
            print(json.dumps(answer), file=answers, flush=True)


def package_versions(*names: str) -> dict[str, str]:
    """The installed versions of Python packages."""
    return {name: version(name) for name in names}


def upright_quad(left: float, top: float, right: float, bottom: float) -> list[list[float]]:
    """The corners of an upright box."""
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def _timed(adapter: Adapter[Any], pixels: Pixels) -> dict[str, Any]:
    prepared = adapter.prepare(pixels)
    started = time.perf_counter()
    lines = adapter.read(prepared)
    return {"lines": lines, "seconds": time.perf_counter() - started}
