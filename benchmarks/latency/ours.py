"""Our engine as an adapter, for a start as cold as that of the peers."""

from __future__ import annotations

from benchmarks.peers.loop import Line, Pixels, package_versions, serve


class OurEngine:
    """This project's engine."""

    def __init__(self) -> None:
        from web_image_ocr import Engine  # noqa: PLC0415 - as the peers do, see loop.serve

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
