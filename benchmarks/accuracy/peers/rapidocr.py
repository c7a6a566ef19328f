"""RapidOCR, which takes pixels."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.accuracy.peers.loop import Line, Pixels, package_versions, serve


class RapidOcr:
    """RapidOCR's default pipeline."""

    def __init__(self) -> None:
        from rapidocr import RapidOCR  # noqa: PLC0415 - not before standard output is safe

        # Typed as any of its stages' results; the whole pipeline gives boxes, texts and scores.
        self._engine: Any = RapidOCR(params={"Global.log_level": "error"})

    def prepare(self, pixels: Pixels) -> Pixels:
        """The picture as BGR."""
        return np.ascontiguousarray(pixels[:, :, ::-1])

    def read(self, prepared: Pixels) -> list[Line]:
        """What RapidOCR finds."""
        result = self._engine(prepared)
        if result.boxes is None:
            return []
        quads = np.asarray(result.boxes, dtype=float).tolist()
        return [
            Line(text=text, quad=quad, confidence=float(score))
            for text, quad, score in zip(result.txts, quads, result.scores, strict=True)
        ]

    def versions(self) -> dict[str, str]:
        """Of RapidOCR and of what computes for it."""
        return package_versions("rapidocr", "onnxruntime", "opencv-python-headless")


if __name__ == "__main__":
    serve(RapidOcr)
