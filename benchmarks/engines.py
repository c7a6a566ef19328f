"""Run the engines under test: ours in this process, peers in separate ones."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from benchmarks.dataset import Points
from benchmarks.peers.environments import PEERS, ROOT, command_of
from web_image_ocr import Engine, EngineConfig, RecognitionOptions
from web_image_ocr.engine.runtime.models import should_quantize
from web_image_ocr.primitives.memory import keep_freed_memory
from web_image_ocr.primitives.pixels import Pixels

OURS = "ours"
ENGINES = (OURS, *PEERS)
"""Names of all engines."""


class PeerExitedError(RuntimeError):
    """Report that the peer's process exited; its standard error says why."""


@dataclass(frozen=True, slots=True)
class FoundLine:
    """Represent a recognized line.

    Attributes:
        text: Text.
        quad: (4, 2) pixels of the input image, clockwise from the text's upper left corner.
        confidence: 0 to 1; None if the engine has none.
    """

    text: str
    quad: Points
    confidence: float | None


@dataclass(frozen=True, slots=True)
class Recognition:
    """Hold the lines in reading order and the engine's seconds without decoding."""

    lines: list[FoundLine]
    seconds: float


class Candidate(Protocol):
    """Describe an engine under test, with its default settings.

    Attributes:
        versions: Versions by package; for ours also the precision.
        pid: Process that runs the engine.
    """

    versions: Mapping[str, str]
    pid: int

    def recognize(self, pixels: Pixels, *, detect_direction: bool) -> Recognition:
        """Recognize one image."""
        ...


@contextmanager
def open_engine(name: str) -> Iterator[Candidate]:
    """Open an engine by name and warm it up.

    Raises:
        PeerExitedError: The peer is not installed or failed to start.
    """
    if name == OURS:
        yield OurEngine()
        return
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            command_of(name), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        yield Peer(process, Path(folder))  # the process ends when its standard input does


class OurEngine:
    """Run this project's engine.

    Args:
        config: Settings; None for the defaults.
        cores: Most cores of a call; None for all.
    """

    def __init__(self, config: EngineConfig | None = None, *, cores: int | None = None) -> None:
        names = ("web-image-ocr", "onnx", "onnxruntime", "opencv-python-headless", "numpy")
        config = config or EngineConfig()
        precision = "int8" if should_quantize(config, config.recognition_model) else "float32"
        self.versions: Mapping[str, str] = {
            **{name: version(name) for name in names},
            "precision": precision,
        }
        self.pid = os.getpid()
        keep_freed_memory()  # as a worker does
        self._engine = Engine(config)
        self._cores = cores
        self.recognize(np.full((320, 320, 3), 255, np.uint8), detect_direction=False)

    def recognize(self, pixels: Pixels, *, detect_direction: bool) -> Recognition:
        """Recognize one image."""
        started = time.perf_counter()
        options = RecognitionOptions(detect_direction=detect_direction)
        page = self._engine.recognize(pixels, options, cores=self._cores)
        seconds = time.perf_counter() - started
        lines = [_found(line.text, line.quad, line.confidence) for line in page.lines]
        return Recognition(lines, seconds)


class Peer:
    """Run an engine in another process, over JSON lines; images are passed as files."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self.pid = process.pid
        self._image = folder / "image.npy"
        self.versions: Mapping[str, str] = self._answer()["versions"]

    def recognize(self, pixels: Pixels, *, detect_direction: bool) -> Recognition:
        """Recognize one image; ``detect_direction`` is ignored, peers always detect it."""
        del detect_direction
        np.save(self._image, pixels)
        assert self._process.stdin is not None
        print(json.dumps({"image": str(self._image)}), file=self._process.stdin, flush=True)
        answer = self._answer()
        lines = [_found(x["text"], x["quad"], x["confidence"]) for x in answer["lines"]]
        return Recognition(lines, answer["seconds"])

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise PeerExitedError("the peer exited; see its message above")
        answer: dict[str, Any] = json.loads(line)
        return answer


def _found(text: str, quad: npt.ArrayLike, confidence: float | None) -> FoundLine:
    return FoundLine(text, np.array(quad, dtype=np.float64), confidence)
