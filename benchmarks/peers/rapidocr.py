"""Adapt RapidOCR, which accepts pixels, with its default ONNX Runtime."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.peers.protocol import Line, Pixels, package_versions, serve


class RapidOcr:
    """Run RapidOCR's default pipeline.

    Args:
        runtime: name of the inference runtime's package.
    """

    def __init__(self, runtime: str = "onnxruntime") -> None:
        from rapidocr import EngineType, RapidOCR  # noqa: PLC0415 - see protocol.serve

        self._runtime = runtime
        engine = {f"{model}.engine_type": EngineType(runtime) for model in ("Det", "Cls", "Rec")}
        # Typed as the result of any stage; the whole pipeline returns boxes, texts and scores.
        self._engine: Any = RapidOCR(params={"Global.log_level": "error", **engine})

    def prepare(self, pixels: Pixels) -> Pixels:
        """Return the image as BGR."""
        return np.ascontiguousarray(pixels[:, :, ::-1])

    def read(self, prepared: Pixels) -> list[Line]:
        """Return the lines that RapidOCR finds."""
        result = self._engine(prepared)
        if result.boxes is None:
            return []
        quads = np.asarray(result.boxes, dtype=float).tolist()
        return [
            Line(text=text, quad=quad, confidence=float(score))
            for text, quad, score in zip(result.txts, quads, result.scores, strict=True)
        ]

    def versions(self) -> dict[str, str]:
        """Return the versions of RapidOCR and its runtime."""
        return package_versions("rapidocr", self._runtime, "opencv-python-headless")


if __name__ == "__main__":
    serve(RapidOcr)
