"""Fake models that need no files, and engines made of them."""

from __future__ import annotations

from collections.abc import Mapping
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

_DIRECTION_TOLERANCE_DEG = 15.0


@dataclass
class DarkPixelDetector:
    """Detect each dark pixel as core of a text; count the pixels of each run."""

    input_pixels: list[int] = field(default_factory=list)

    def run(self, batch: Tensor) -> Tensor:
        self.input_pixels.append(batch.shape[2] * batch.shape[3])
        return np.asarray(batch.mean(axis=1, keepdims=True) < 0, dtype=np.float32)


@dataclass
class IdentityModel:
    """Return the input; count the runs."""

    runs: int = 0

    def run(self, batch: Tensor) -> Tensor:
        self.runs += 1
        return batch


class InkDecoder:
    """Decode a crop with ink as confident text, a character per 24 pixels."""

    def decode(self, crop: Tensor) -> DecodedText:
        if crop.min() >= 0:
            return EMPTY_TEXT
        return DecodedText("x" * (crop.shape[2] // 24), 0.95, 0.95)


@dataclass(frozen=True)
class _DirectionDecoder:
    """Decode crops of ``images.gradient``, (3, H, W), blue first, by their direction."""

    texts: Mapping[float, tuple[str, float]]

    def decode(self, crop: Tensor) -> DecodedText:
        _, down, right = crop[:, :, -1].mean(axis=1) - crop[:, :, 0].mean(axis=1)
        seen = float(np.degrees(np.arctan2(down, right)))
        for direction, (text, mean_confidence) in self.texts.items():
            if abs((seen - direction + 180.0) % 360.0 - 180.0) <= _DIRECTION_TOLERANCE_DEG:
                return DecodedText(text, mean_confidence, mean_confidence)
        return EMPTY_TEXT


def direction_recognizer(texts: Mapping[float, tuple[str, float]]) -> LineRecognizer:
    """Return a recognizer for ``images.gradient``: text and confidence by clockwise direction."""
    return LineRecognizer(IdentityModel(), cast("Decoder", _DirectionDecoder(texts)))


def ink_recognizer(model: IdentityModel, deadline: Deadline | None = None) -> LineRecognizer:
    """Return a recognizer for which all ink is text."""
    return LineRecognizer(model, cast("Decoder", InkDecoder()), deadline or Deadline.never())


@dataclass(frozen=True)
class _FixedSessions:
    sessions: SessionSet

    def for_cores(self, _: int | None) -> SessionSet:
        return self.sessions


def ink_engine(detector: DarkPixelDetector) -> Engine:
    """Return an engine for which all ink is text."""
    engine = object.__new__(Engine)
    engine._config = EngineConfig()
    engine._decoder = cast("Decoder", InkDecoder())
    sessions = SessionSet(
        detection=detector,
        recognition=IdentityModel(),
        single_thread_recognition=IdentityModel(),
        scheduler=LineScheduler(1),
    )
    engine._sessions = cast("SessionPool", _FixedSessions(sessions))
    return engine
