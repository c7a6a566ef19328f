"""What an engine is built with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

Precision = Literal["auto", "float32", "int8"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineConfig:
    """Models, threads and bounds of one engine.

    Attributes:
        detection_model: an ONNX file of a PP-OCR text detector; none means PP-OCRv6 small
            from the installed package, checked by its SHA-256.
        recognition_model: an ONNX file of a PP-OCR text recogniser with its characters in
            the metadata; none means PP-OCRv6 small, as above.
        precision: what the models' large products are computed with. ``float32``, or ``int8``:
            numbers of 8 bits, 1.3 to 1.5 times as fast at nearly the same accuracy where the
            processor has instructions for them (VNNI), less accurate where it has not. ``auto``
            takes ``int8`` for the carried models on such a processor, ``float32`` otherwise.
            With ``int8``, a recogniser must take lines of 48 pixels when it is loaded.
        threads: threads of a call that may use the whole machine, 0 or more; 0 means the
            cores this process is allowed (affinity and container quota).
        max_detection_pixels: pixels of the picture that the detector sees at once, at least
            262,144; larger pictures are seen from afar, and where their text is small in
            overlapped tiles of this size. The detector takes about 0.25 kB of memory a pixel.
        min_clarity: lines whose characters have a lower mean probability are dropped, 0 to
            1; one or two characters alone need 0.9.
        languages: codes of languages with Latin letters (``en``, ``es``, ``fr``, ...) whose
            words are expected: a word with doubtful letters is read as the likeliest of
            them, words that run together are parted. Empty: every word as it is read.
            Chinese needs no entry.
    """

    detection_model: Path | None = None
    recognition_model: Path | None = None
    precision: Precision = "auto"
    threads: int = 0
    max_detection_pixels: int = 2_000_000
    min_clarity: float = 0.65
    languages: tuple[str, ...] = ("en",)

    def __post_init__(self) -> None:
        """Refuse values that make no sense.

        Raises:
            ValueError: a sentence that names the field and its range.
        """
        if self.precision not in get_args(Precision):
            raise ValueError(f"engine precision must be one of {', '.join(get_args(Precision))}")
        if self.threads < 0:
            raise ValueError("engine threads must be 0 (all allowed cores) or more")
        if self.max_detection_pixels < 262_144:
            raise ValueError("engine max_detection_pixels must be at least 262144")
        if not 0.0 <= self.min_clarity <= 1.0:
            raise ValueError("engine min_clarity must be between 0 and 1")
