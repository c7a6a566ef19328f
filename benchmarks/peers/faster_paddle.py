"""faster-paddle with the ``small`` models of its wheel, the same weights as ours.

It takes the bytes of a picture file only, so it gets an uncompressed BMP: reading one costs next
to nothing, and nothing is lost. Its boxes are upright.
"""

from __future__ import annotations

import struct

import numpy as np

from benchmarks.peers.protocol import Line, Pixels, package_versions, serve, upright_quad


class FasterPaddle:
    """faster-paddle's default pipeline."""

    def __init__(self) -> None:
        import faster_paddle  # type: ignore[import-not-found]  # noqa: PLC0415 - see protocol.serve

        self._engine = faster_paddle.OcrEngine(model_size="small")

    def prepare(self, pixels: Pixels) -> bytes:
        """The picture as a BMP file."""
        return bmp(pixels)

    def read(self, prepared: bytes) -> list[Line]:
        """What faster-paddle finds."""
        return [
            Line(
                text=line["text"],
                quad=upright_quad(*line["topLeftCoord"], *line["bottomRightCoord"]),
                confidence=line["confidence"],
            )
            for line in self._engine.ocr(prepared)["bounds"].values()
        ]

    def versions(self) -> dict[str, str]:
        """Of faster-paddle, which carries its runtime inside."""
        return package_versions("faster-paddle")


def bmp(pixels: Pixels) -> bytes:
    """A BMP file of 24 bits a pixel."""
    height, width = pixels.shape[:2]
    # BMP stores BGR, and rows of a multiple of four bytes, by a negative height the top one first.
    rows = np.ascontiguousarray(pixels[:, :, ::-1]).reshape(height, 3 * width)
    body = np.pad(rows, ((0, 0), (0, -3 * width % 4))).tobytes()
    header = struct.pack("<IiiHHIIiiII", 40, width, -height, 1, 24, 0, len(body), 0, 0, 0, 0)
    return struct.pack("<2sIHHI", b"BM", 54 + len(body), 0, 0, 54) + header + body


if __name__ == "__main__":
    serve(FasterPaddle)
