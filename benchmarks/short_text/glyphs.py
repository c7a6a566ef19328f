"""Draw and judge lone letters, digits and Chinese characters: keys, badges, buttons, labels."""

from __future__ import annotations

import string
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from PIL import Image, ImageDraw

from benchmarks.engines import FoundLine
from benchmarks.short_text.cases import Kind, Verdict, shown
from benchmarks.short_text.drawing import (
    Style,
    draw_page,
    random_style,
    seeded,
    to_pixels,
    write_centred,
)
from benchmarks.short_text.texts import joined, plain, same_glyph
from tests.golden.fonts import BOLD
from web_image_ocr.primitives.pixels import Pixels

CHARACTERS = (
    string.ascii_uppercase + string.ascii_lowercase + string.digits + "中大小上下开关是人有"
)
SIZES = (14, 60)
"""Smallest and largest font size in pixels."""


@dataclass(frozen=True, slots=True)
class Glyph:
    """Represent an image of one glyph.

    Attributes:
        character: Drawn glyph.
        group: Name in `FRAMES`.
        style: Font, size and colours.
        seed: Of the frame's measures.
    """

    character: str
    group: str
    style: Style
    seed: str
    detect_direction: bool = False

    @property
    def name(self) -> str:
        """Return frame, character, font size and font."""
        face = self.style.face.rpartition("/")[2].partition(".")[0]
        return f"{self.group} {self.character} {self.style.size} px {face}"

    def pixels(self) -> Pixels:
        """Return the image."""
        return FRAMES[self.group](seeded(self.seed), self.character, self.style)

    def judge(self, lines: Sequence[FoundLine]) -> Verdict:
        """Count the glyph as right, wrong or nothing; look-alikes as right, unless strictly."""
        found, wanted = joined(lines), plain(self.character)
        right = same_glyph(wanted, found)
        counts = Counter(
            nothing=int(not found),
            wrong=int(bool(found) and not right),
            right=int(right),
            strictly_right=int(found == wanted),
        )
        return Verdict(counts, None if right else f"{self.character} -> {shown(lines)}")


def cases(seed: int) -> Iterator[Glyph]:
    """Yield each character once in each frame."""
    random = seeded("glyphs", seed)
    for frame in FRAMES:
        for character in CHARACTERS:
            style = random_style(random, character, SIZES)
            yield Glyph(character, frame, style, f"{seed} {frame} {character}")


def _key(random: Random, text: str, style: Style) -> Pixels:
    """Draw a key of a keypad with a border, on a page of another colour."""
    side = round(style.size * random.uniform(1.6, 2.6))
    image = Image.new("RGB", (side + 16, side + 16), random.choice(("white", "#dddddd", "#333333")))
    ImageDraw.Draw(image).rounded_rectangle(
        (8, 8, side + 8, side + 8), side // 8, style.paper, "#888888", width=2
    )
    write_centred(image, (side / 2 + 8, side / 2 + 8), text, style)
    return to_pixels(image)


def _badge(random: Random, text: str, style: Style) -> Pixels:
    """Draw a round badge that fills its image."""
    side = round(style.size * random.uniform(1.6, 2.0))
    image = Image.new("RGB", (side + 5, side + 5), "white")
    fill = random.choice(("#d93025", "#0f6cbd", "#188038", "#202124"))
    ImageDraw.Draw(image).ellipse((2, 2, side + 2, side + 2), fill)
    face = BOLD if text.isascii() else style.face
    bold = replace(style, face=face, ink="white", paper=fill)
    write_centred(image, (side / 2 + 2, side / 2 + 2), text, bold)
    return to_pixels(image)


def _button(random: Random, text: str, style: Style) -> Pixels:
    """Draw a wide button on a page."""
    width, height = round(style.size * random.uniform(3, 6)), round(style.size * 1.8)
    image = Image.new("RGB", (width + 40, height + 30), "#f4f5f7")
    box = (20, 15, width + 20, height + 15)
    ImageDraw.Draw(image).rounded_rectangle(box, height // 5, style.paper, "#9aa0a6")
    write_centred(image, (width / 2 + 20, height / 2 + 15), text, style)
    return to_pixels(image)


def _gauge(random: Random, text: str, style: Style) -> Pixels:
    """Draw a label above the arc of a gauge."""
    side = style.size * 5
    image = Image.new("RGB", (side, round(side * random.uniform(0.7, 0.9))), style.paper)
    radius = side * 0.42
    top = style.size * 2.2
    box = (side / 2 - radius, top, side / 2 + radius, top + 2 * radius)
    ImageDraw.Draw(image).arc(box, 200, 340, style.ink, max(2, style.size // 8))
    write_centred(image, (side / 2, style.size * 1.2), text, style)
    return to_pixels(image)


def _tight(random: Random, text: str, style: Style) -> Pixels:
    """Draw a glyph cut out closely."""
    left, top, right, bottom = (random.randint(2, 6) for _ in range(4))
    return draw_page(text, style, (left, top, right, bottom))


def _page(random: Random, text: str, style: Style) -> Pixels:
    """Draw a glyph somewhere on a page."""
    left, top, right, bottom = (random.randint(12, 240) for _ in range(4))
    return draw_page(text, style, (left, top, right, bottom))


FRAMES: Mapping[str, Callable[[Random, str, Style], Pixels]] = {
    "key": _key,
    "badge": _badge,
    "button": _button,
    "gauge": _gauge,
    "tight": _tight,
    "page": _page,
}

KIND = Kind(cases)
