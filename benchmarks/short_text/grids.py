"""Draw grids of short cells: keypads, prices, calendars, seats, digits, letters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw

from benchmarks.engines import FoundLine
from benchmarks.short_text.cases import Kind, Verdict
from benchmarks.short_text.drawing import Style, random_style, seeded, text_size, to_pixels, write
from benchmarks.short_text.grid_scoring import Cell, judge
from web_image_ocr.primitives.pixels import Pixels

Rows = Sequence[Sequence[str]]
"""Texts by row and column; an empty one leaves its cell empty."""

_COUNTS = {"keypad": 22, "prices": 10, "calendar": 16, "seats": 10, "digits": 28, "letters": 14}
_RULES = ("none", "none", "none", "lines", "boxes")


@dataclass(frozen=True, slots=True)
class Grid:
    """Represent an image of a grid.

    Attributes:
        group: Name in `_TEXTS`.
        place: Number of the grid.
        rows: Texts.
        style: Font, size and colours.
        pitch: Distance of columns and rows, in pixels.
        margin: Around the grid, in pixels.
        rules: Borders, one of `_RULES`.
    """

    group: str
    place: int
    rows: Rows
    style: Style
    pitch: tuple[int, int]
    margin: int
    rules: str
    detect_direction: bool = False

    @property
    def name(self) -> str:
        """Return number, kind, size and borders."""
        face = self.style.face.rpartition("/")[2].partition(".")[0]
        across, down = self.pitch
        return (
            f"{self.place:03} {self.group} {self.style.size} px {face}, "
            f"pitch {across} x {down}, rules {self.rules}"
        )

    def pixels(self) -> Pixels:
        """Return the image."""
        return to_pixels(self._draw()[0])

    def cells(self) -> list[Cell]:
        """Return the cells that contain text, in reading order."""
        return self._draw()[1]

    def judge(self, lines: Sequence[FoundLine]) -> Verdict:
        """Count cells missed, misread and joined, texts invented, and whether the order differs."""
        return judge(self.cells(), lines)

    def _draw(self) -> tuple[Image.Image, list[Cell]]:
        across, down = self.pitch
        width = 2 * self.margin + across * len(self.rows[0])
        height = 2 * self.margin + down * len(self.rows)
        image = Image.new("RGB", (width + 1, height + 1), self.style.paper)
        cells = []
        for row, texts in enumerate(self.rows):
            for column, text in enumerate(texts):
                left, top = self.margin + column * across, self.margin + row * down
                area = (left, top, left + across, top + down)
                self._rule(image, area)
                if text:
                    baseline = top + down / 2 + self.style.size * 0.37
                    place = (round(left + across / 2), round(baseline))
                    ink = write(image, place, text, self.style, "ms")
                    cells.append(Cell(text, row, column, area, ink))
        return image, cells

    def _rule(self, image: Image.Image, area: tuple[int, int, int, int]) -> None:
        left, top, right, bottom = area
        draw = ImageDraw.Draw(image)
        if self.rules == "lines":
            draw.rectangle(area, None, self.style.ink)
        elif self.rules == "boxes":
            inside = (left + 2, top + 2, right - 2, bottom - 2)
            draw.rounded_rectangle(inside, 4, None, "#888888", 2)


def cases(seed: int) -> Iterator[Grid]:
    """Yield 100 grids with gaps of one to four widths of a glyph."""
    random = seeded("grids", seed)
    kinds = [kind for kind, count in _COUNTS.items() for _ in range(count)]
    for place, kind in enumerate(kinds):
        rows = _TEXTS[kind](random)
        style = random_style(random, "".join(map("".join, rows)), (14, 36))
        sizes = [text_size(text, style) for row in rows for text in row if text]
        glyph = text_size("0", style)[0]
        pitch = (
            max(width for width, _ in sizes) + round(glyph * random.uniform(1, 4)),
            round(style.size * random.uniform(1.5, 3)),
        )
        margin = random.choice((4, 12, 40))
        yield Grid(kind, place, rows, style, pitch, margin, random.choice(_RULES))


def _keypad(random: Random) -> Rows:
    last = random.choice((("*", "0", "#"), ("C", "0", "OK"), ("00", "0", "OK"), ("", "0", "")))
    digits = "123456789" if random.random() < 0.6 else "789456123"
    return (digits[:3], digits[3:6], digits[6:], last)


def _prices(random: Random) -> Rows:
    forms: tuple[Callable[[], str], ...] = (
        lambda: f"{random.randint(1, 9)}.{random.randint(10, 99)}",
        lambda: str(random.randint(1, 99)),
        lambda: f"${random.randint(1, 99)}",
        lambda: f"{random.randint(5, 90)}%",
        lambda: random.choice(("XS", "S", "M", "L", "XL", "A4", "B5")),
    )
    columns = [random.choice(forms) for _ in range(random.randint(3, 5))]
    return [[form() for form in columns] for _ in range(random.randint(4, 6))]


def _calendar(random: Random) -> Rows:
    heads = ("日一二三四五六", ("Su", "Mo", "Tu", "We", "Th", "Fr", "Sa"), "SMTWTFS")
    first, last = random.randint(0, 6), random.choice((28, 30, 31))
    days = [""] * first + [str(day) for day in range(1, last + 1)]
    days += [""] * (-len(days) % 7)
    return [random.choice(heads), *(days[start : start + 7] for start in range(0, len(days), 7))]


def _seats(random: Random) -> Rows:
    first, across = random.randint(1, 28), random.randint(4, 6)
    return [
        [f"{row}{letter}" for letter in "ABCDEF"[:across]]
        for row in range(first, first + random.randint(4, 7))
    ]


def _digits(random: Random) -> Rows:
    across, down = random.randint(3, 7), random.randint(1, 7)
    return ["".join(random.choices("0123456789", k=across)) for _ in range(down)]


def _letters(random: Random) -> Rows:
    signs = random.choice(("ABCDEFGHJKLMNPQRSTUVWXYZ", "天地人和春夏秋冬东南西北金木水火"))
    across = random.randint(4, 6)
    return ["".join(random.choices(signs, k=across)) for _ in range(random.randint(3, 5))]


_TEXTS: Mapping[str, Callable[[Random], Rows]] = {
    "keypad": _keypad,
    "prices": _prices,
    "calendar": _calendar,
    "seats": _seats,
    "digits": _digits,
    "letters": _letters,
}

KIND = Kind(cases)
