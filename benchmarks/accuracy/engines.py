"""The engines that are measured: ours in this process, peers in their own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from benchmarks.accuracy.metrics import FoundLine
from web_image_ocr import Engine, RecognitionOptions
from web_image_ocr.primitives.image import Pixels

PEERS = Path(__file__).resolve().parents[1] / ".peers"
_RAPIDOCR = ("rapidocr==3.10.0", "onnxruntime==1.32.0")


@dataclass(frozen=True, slots=True)
class Answer:
    """Lines in reading order and the seconds the engine took, decoding left out."""

    lines: list[FoundLine]
    seconds: float


class Candidate(Protocol):
    """An engine under measurement."""

    def read(self, pixels: Pixels, *, detect_direction: bool) -> Answer:
        """What the engine finds in one picture."""
        ...


class Ours:
    """This project's engine, default settings."""

    def __init__(self) -> None:
        self._engine = Engine()

    def read(self, pixels: Pixels, *, detect_direction: bool) -> Answer:
        """What our engine finds."""
        started = time.perf_counter()
        page = self._engine.recognize(pixels, RecognitionOptions(detect_direction=detect_direction))
        seconds = time.perf_counter() - started
        return Answer([FoundLine(line.text, line.quad) for line in page.lines], seconds)


class Peer:
    """An engine in another Python, spoken to in lines of JSON; pictures go by file."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self._process = process
        self._picture = folder / "picture.npy"
        self._ask({})

    def read(self, pixels: Pixels, *, detect_direction: bool) -> Answer:
        """What the peer finds; it turns lines by itself, whatever ``detect_direction`` says."""
        del detect_direction
        np.save(self._picture, pixels)
        answer = self._ask({"picture": str(self._picture)})
        lines = [FoundLine(line["text"], line["quad"]) for line in answer["lines"]]
        return Answer(lines, answer["seconds"])

    def _ask(self, question: dict[str, str]) -> dict[str, Any]:
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the peer was started without pipes")
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the peer ended; run its adapter by hand to see why")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def open_engine(name: str, peer_python: Path | None) -> Iterator[Candidate]:
    """The engine called ``ours`` or ``rapidocr``, warm."""
    if name == "ours":
        yield Ours()
        return
    python = peer_python or _peer_python()
    adapter = Path(__file__).with_name("rapidocr_adapter.py")
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [str(python), str(adapter)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        try:
            yield Peer(process, Path(folder))
        finally:
            process.kill()


def _peer_python() -> Path:
    """The Python of RapidOCR's own virtual environment, made on first use."""
    home = PEERS / "rapidocr"
    python = home / "bin" / "python"
    if not python.exists():
        print(
            f"installing {_RAPIDOCR[0]} into {home.relative_to(PEERS.parents[1])}", file=sys.stderr
        )
        venv.create(home, with_pip=True)
        _pip(python, ["install", "--quiet", *_RAPIDOCR])
        # The full OpenCV wants a display's libraries; reading needs none of them.
        _pip(python, ["uninstall", "--quiet", "--yes", "opencv-python", "opencv-python-headless"])
        _pip(python, ["install", "--quiet", "opencv-python-headless"])
    return python


def _pip(python: Path, arguments: Sequence[str]) -> None:
    subprocess.run([str(python), "-m", "pip", *arguments], check=True)
