"""Our engine as an adapter, for a start as cold as that of the peers."""

from __future__ import annotations

from benchmarks.peers.loop import Line, Pixels, package_versions, serve


class OurEngine:
    """This project's engine."""

    def __init__(self) -> None:
        # As the peers do, see loop.serve.
        from web_image_ocr import Engine  # noqa: PLC0415
        from web_image_ocr.primitives.memory import keep_freed_memory  # noqa: PLC0415

        keep_freed_memory()  # as a worker does
        self._engine = Engine()

    def prepare(self, pixels: Pixels) -> Pixels:
        """The picture as it is."""
        return pixels

    def read(self, prepared: Pixels) -> list[Line]:
        """What our engine finds."""
        return [
            Line(text=line.text, quad=[list(corner) for corner in line.quad], confidence=None)
            for line in self._engine.recognize(prepared).lines
        ]

    def versions(self) -> dict[str, str]:
        """Of this project."""
        return package_versions("web-image-ocr")


if __name__ == "__main__":
    serve(OurEngine)
