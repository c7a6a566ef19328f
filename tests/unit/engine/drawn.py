"""Models that see what a test has drawn, and an engine made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import cast

import numpy as np

from web_image_ocr import Engine, EngineConfig
from web_image_ocr.engine.recognition.decoder import EMPTY_TEXT, DecodedText, Decoder
from web_image_ocr.engine.recognition.recognizer import LineRecognizer
from web_image_ocr.engine.runtime.line_scheduler import LineScheduler
from web_image_ocr.engine.runtime.session import Tensor
from web_image_ocr.engine.runtime.session_pool import SessionPool, SessionSet
from web_image_ocr.primitives.deadline import Deadline


@dataclass
class DarkIsText:
    """A detector for which each dark pixel is the core of a text; counts the pixels it sees."""

    seen: list[int] = field(default_factory=list)

    def run(self, batch: Tensor) -> Tensor:
        self.seen.append(batch.shape[2] * batch.shape[3])
        return np.asarray(batch.mean(axis=1, keepdims=True) < 0, dtype=np.float32)


@dataclass
class AsItIs:
    """A recogniser whose answer is what it is shown; counts its runs."""

    runs: int = 0

    def run(self, batch: Tensor) -> Tensor:
        self.runs += 1
        return batch


class InkIsText:
    """A decoder for `AsItIs`: what has ink is surely text, the longer the more characters."""

    def decode(self, crop: Tensor) -> DecodedText:
        return (
            DecodedText("x" * (crop.shape[2] // 24), 0.95, 0.95) if crop.min() < 0 else EMPTY_TEXT
        )


def ink_reader(recogniser: AsItIs, deadline: Deadline | None = None) -> LineRecognizer:
    """A reader for which all ink is text."""
    return LineRecognizer(recogniser, cast("Decoder", InkIsText()), deadline or Deadline.never())


@dataclass(frozen=True)
class _OnePair:
    pair: SessionSet

    def for_cores(self, _: int | None) -> SessionSet:
        return self.pair


def ink_engine(detector: DarkIsText) -> Engine:
    """An engine for which all ink is text; it needs no models."""
    engine = object.__new__(Engine)
    engine._config = EngineConfig()
    engine._decoder = cast("Decoder", InkIsText())
    pair = SessionSet(
        detection=detector,
        recognition=AsItIs(),
        single_thread_recognition=AsItIs(),
        scheduler=LineScheduler(1),
    )
    engine._sessions = cast("SessionPool", _OnePair(pair))
    return engine
