"""RapidOCR, which takes pixels, with ONNX Runtime, its default."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.peers.protocol import Line, Pixels, package_versions, serve


class RapidOcr:
    """RapidOCR's default pipeline.

    Args:
        runtime: what computes for it, by the name of its package.
    """

    def __init__(self, runtime: str = "onnxruntime") -> None:
        from rapidocr import EngineType, RapidOCR  # noqa: PLC0415 - not before output is safe

        self._runtime = runtime
        engine = {f"{model}.engine_type": EngineType(runtime) for model in ("Det", "Cls", "Rec")}
        # Typed as any of its stages' results; the whole pipeline gives boxes, texts and scores.
        self._engine: Any = RapidOCR(params={"Global.log_level": "error", **engine})

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
        return package_versions("rapidocr", self._runtime, "opencv-python-headless")


if __name__ == "__main__":
    serve(RapidOcr)
