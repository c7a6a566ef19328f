"""Hold the configuration of an engine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

Precision = Literal["auto", "float32", "int8"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """Hold the models, threads and limits of one engine.

    Attributes:
        detection_model: ONNX file of a PP-OCR text detector. Without it, the bundled PP-OCRv6
            small model is used, checked by its SHA-256.
        recognition_model: ONNX file of a PP-OCR text recognizer with its characters in the
            metadata. Without it, the bundled PP-OCRv6 small model is used.
        precision: arithmetic of the models' large matrix products. ``int8`` (INT8 quantization)
            is 1.3 to 1.5 times as fast as ``float32`` at nearly the same accuracy on CPUs with
            VNNI instructions, and less accurate on others. ``auto`` selects ``int8`` for the
            bundled models on such a CPU, otherwise ``float32``. With ``int8``, a recognizer must
            take lines of 48 pixels.
        threads: threads of a call that may use the whole machine, 0 or more; 0 means all
            cores that this process may use (affinity and container quota).
        max_detection_pixels: pixels of one detector input, at least 262144. A larger image is
            downscaled, and split into overlapping tiles of this size where its text is small.
            The detector takes about 0.25 kB of memory per pixel.
        min_confidence: minimum mean character probability of a line, 0 to 1; other lines are
            dropped. A line of one or two characters needs at least 0.9.
        languages: codes of languages in Latin script (``en``, ``es``, ``fr``, ...) whose word
            lists correct doubtful letters and missing spaces. Empty: no correction. Chinese
            needs no entry.
    """

    detection_model: Path | None = None
    recognition_model: Path | None = None
    precision: Precision = "auto"
    threads: int = 0
    max_detection_pixels: int = 2_000_000
    min_confidence: float = 0.65
    languages: tuple[str, ...] = ("en",)

    def __post_init__(self) -> None:
        """Check the ranges of the values.

        Raises:
            ValueError: with a message that names the field and its range.
        """
        if self.precision not in get_args(Precision):
            raise ValueError(f"engine precision must be one of {', '.join(get_args(Precision))}")
        if self.threads < 0:
            raise ValueError("engine threads must be 0 (all allowed cores) or more")
        if self.max_detection_pixels < 262_144:
            raise ValueError("engine max_detection_pixels must be at least 262144")
        if not 0.0 <= self.min_confidence <= 1.0:
            raise ValueError("engine min_confidence must be between 0 and 1")
