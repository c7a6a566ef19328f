"""Adapt our engine like a peer, to measure a start as cold as theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.peers.protocol import Line, Pixels, package_versions, serve

if TYPE_CHECKING:
    from web_image_ocr.engine.config import Precision


class OurEngine:
    """Run this project's engine."""

    def __init__(self, precision: Precision = "auto") -> None:
        # Imported here like the peers' engines: see protocol.serve.
        from web_image_ocr import Engine, EngineConfig  # noqa: PLC0415
        from web_image_ocr.primitives.memory import keep_freed_memory  # noqa: PLC0415

        keep_freed_memory()  # as a worker does
        self._engine = Engine(EngineConfig(precision=precision))

    def prepare(self, pixels: Pixels) -> Pixels:
        """Return the image unchanged."""
        return pixels

    def read(self, prepared: Pixels) -> list[Line]:
        """Return the lines that our engine finds."""
        found = self._engine.recognize(prepared).lines
        return [
            Line(text=x.text, quad=[*map(list, x.quad)], confidence=x.confidence) for x in found
        ]

    def versions(self) -> dict[str, str]:
        """Return the versions of this project and its runtime."""
        return package_versions("web-image-ocr", "onnxruntime")


if __name__ == "__main__":
    serve(OurEngine)
