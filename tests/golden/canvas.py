"""Draw an image and remember the text that was drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from tests.golden.fonts import font

Colour = str | tuple[int, int, int] | tuple[int, int, int, int]


class Canvas:
    """Draw on an image.

    Attributes:
        image: may be replaced by a rotated one in the end.
        lines: the text, in the order of drawing, which must be the reading order.
    """

    def __init__(self, image: Image.Image) -> None:
        self.image = image
        self.lines: list[str] = []
        self._draw = ImageDraw.Draw(image)

    def write(
        self,
        place: tuple[int, int],
        text: str,
        face: str,
        size: int,
        fill: Colour = "black",
        *,
        stroke: int = 0,
        stroke_fill: Colour | None = None,
    ) -> None:
        """Draw a line; ``place`` is its upper left corner, ``stroke`` the width of its outline."""
        self.lines.append(text)
        self._draw.text(
            place, text, fill, font(face, size), stroke_width=stroke, stroke_fill=stroke_fill
        )

    def write_down(
        self, place: tuple[int, int], text: str, face: str, size: int, fill: Colour, *, step: int
    ) -> None:
        """Draw a column, one character every ``step`` pixels."""
        self.lines.append(text)
        for row, character in enumerate(text):
            x, y = place[0], place[1] + row * step
            self._draw.text((x, y), character, fill, font(face, size))

    def box(self, corners: Sequence[int], fill: Colour, radius: int = 0) -> None:
        """Draw a filled rectangle: left, top, right, bottom."""
        self._draw.rounded_rectangle(tuple(corners), radius, fill)


def blank(width: int, height: int, fill: Colour = "white", mode: str = "RGB") -> Canvas:
    """Return a canvas of one colour."""
    return Canvas(Image.new(mode, (width, height), fill))


def graded(width: int, height: int, first: Sequence[int], last: Sequence[int]) -> Canvas:
    """Return a canvas with a colour gradient from the upper left to the lower right corner."""
    y, x = np.mgrid[:height, :width]
    part = ((x + y) / (width + height - 2))[..., None]
    pixels = np.array(first) * (1 - part) + np.array(last) * part
    return Canvas(Image.fromarray(np.rint(pixels).astype(np.uint8)))
