"""Adapt faster-paddle with the ``small`` models of its wheel, the same weights as ours.

It accepts only an image file, so it gets an uncompressed BMP: decoding one costs next to nothing
and loses nothing. Its boxes are upright.
"""

from __future__ import annotations

import struct

import numpy as np

from benchmarks.peers.protocol import Line, Pixels, package_versions, serve, upright_quad


class FasterPaddle:
    """Run faster-paddle's default pipeline."""

    def __init__(self) -> None:
        import faster_paddle  # type: ignore[import-not-found]  # noqa: PLC0415 - see protocol.serve

        self._engine = faster_paddle.OcrEngine(model_size="small")

    def prepare(self, pixels: Pixels) -> bytes:
        """Return the image as a BMP file."""
        return bmp(pixels)

    def read(self, image_file: bytes) -> list[Line]:
        """Return the lines that faster-paddle finds."""
        return [
            Line(
                text=line["text"],
                quad=upright_quad(*line["topLeftCoord"], *line["bottomRightCoord"]),
                confidence=line["confidence"],
            )
            for line in self._engine.ocr(image_file)["bounds"].values()
        ]

    def versions(self) -> dict[str, str]:
        """Return the version of faster-paddle, which contains its runtime."""
        return package_versions("faster-paddle")


def bmp(pixels: Pixels) -> bytes:
    """Return a BMP file with 24 bits per pixel."""
    height, width = pixels.shape[:2]
    # BMP stores BGR in rows of a multiple of four bytes; a negative height puts the top row first.
    rows = np.ascontiguousarray(pixels[:, :, ::-1]).reshape(height, 3 * width)
    body = np.pad(rows, ((0, 0), (0, -3 * width % 4))).tobytes()
    header = struct.pack("<IiiHHIIiiII", 40, width, -height, 1, 24, 0, len(body), 0, 0, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 54 + len(body), 0, 0, 54) + header + body


if __name__ == "__main__":
    serve(FasterPaddle)
