"""Judge `detect_direction`: short upright text must stay, longer turned text must be found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import atan2, degrees

import numpy as np

from benchmarks.engines import FoundLine
from benchmarks.short_text.cases import Kind, Verdict, shown
from benchmarks.short_text.drawing import Style, draw_page, random_style, seeded
from benchmarks.short_text.texts import joined, plain, same_glyph, upside_down
from benchmarks.text import similarity, unspaced
from web_image_ocr.primitives.pixels import Pixels

SHORT = (
    *("99", "66", "69", "96", "NO", "ON", "SOS", "OK", "8", "H", "6", "9", "0", "1", "I", "O"),
    *("X", "N", "Z", "S", "M", "W", "A", "n", "11", "88", "101", "808", "$5", "¥68", "-20%"),
    *("9.99", "19.9", "80%", "开", "关", "中", "中国", "大小", "确定", "取消", "EXIT", "WiFi"),
    *("A1", "B2", "NO\nON", "OK\n99", "66\n99", "SALE\n50%"),
)
"""Drawn twice each."""
LONG = (
    "Departures from platform four\nwill be announced shortly",
    "Your order has been shipped\nTracking number 40718",
    "请在售票处领取您的车票\n列车将于九点四十分出发",
    "Opening hours\nMonday to Friday, 9 to 17\nSaturday, 10 to 14",
    "会议室预订系统\n第三会议室已被占用",
    "Settings, notifications and privacy\nChange your password",
)
"""Drawn once in each `QUARTERS`."""
QUARTERS = (90, 180, 270)
"""Degrees clockwise."""
LIMIT_DEG = 45.0
"""A line runs in another direction from this angle on."""


@dataclass(frozen=True, slots=True)
class Sign:
    """Represent an image of a text that is upright or turned.

    Attributes:
        text: One or more lines.
        style: Font, size and colours.
        margins: Left, top, right, bottom of the ink, in pixels.
        angle: Degrees clockwise by which the image is turned, a multiple of 90.
        place: Number of the image.
    """

    text: str
    style: Style
    margins: tuple[int, int, int, int]
    angle: int
    place: int
    detect_direction: bool = True

    @property
    def group(self) -> str:
        """Return whether the text is short and upright or long and turned."""
        return "turned" if self.angle else "upright"

    @property
    def name(self) -> str:
        """Return number, text, font size and angle."""
        text = self.text.replace("\n", " / ")
        return f"{self.place:03} {text} {self.style.size} px {self.angle} degrees"

    def pixels(self) -> Pixels:
        """Return the image."""
        upright = draw_page(self.text, self.style, self.margins)
        return np.ascontiguousarray(np.rot90(upright, -self.angle // 90))

    def judge(self, lines: Sequence[FoundLine]) -> Verdict:
        """Count whether an upright text is turned, or a turned one is found as it runs."""
        wanted, found = plain(self.text), joined(lines)
        expected = f"{self.text!r} -> {shown(lines)}"
        if self.angle:
            runs = [line for line in lines if _deviation(line, self.angle) <= LIMIT_DEG]
            is_found = 2 * len(runs) > len(lines)
            is_found &= similarity(unspaced(self.text), unspaced(joined(runs))) >= 0.8
            counts = Counter(turned=0, nothing=0, misread=0, control_missed=int(not is_found))
            return Verdict(counts, None if is_found else expected)
        turned = any(_deviation(line, 0) > LIMIT_DEG for line in lines)
        turned |= found != wanted and found == upside_down(wanted)
        counts = Counter(
            turned=int(turned),
            nothing=int(not found),
            misread=int(bool(found) and not turned and not same_glyph(wanted, found)),
            control_missed=0,
        )
        return Verdict(counts, expected if turned else None)


def cases(seed: int) -> Iterator[Sign]:
    """Yield 98 upright images of short text and 18 turned ones of longer text."""
    random = seeded("direction", seed)
    texts = [(text, 0) for text in SHORT for _ in range(2)]
    texts += [(text, angle) for text in LONG for angle in QUARTERS]
    for place, (text, angle) in enumerate(texts):
        style = random_style(random, text, (16, 28) if angle else (16, 64))
        room = random.choice((6, 20, 120))
        left, top, right, bottom = (random.randint(room // 2, room) for _ in range(4))
        yield Sign(text, style, (left, top, right, bottom), angle, place)


def _deviation(line: FoundLine, angle: float) -> float:
    """Return by how many degrees a line's first edge deviates from an angle, 0 to 180."""
    x, y = line.quad[1] - line.quad[0]
    return abs((degrees(atan2(y, x)) - angle + 180) % 360 - 180)


KIND = Kind(cases)
