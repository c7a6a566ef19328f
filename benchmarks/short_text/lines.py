"""Draw lines of all lengths, half of them damaged: blurred, noisy, faint or tiny."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate
from random import Random

import cv2
import numpy as np
import numpy.typing as npt

from benchmarks.short_text.drawing import Style, draw_page, random_style, seeded
from web_image_ocr.primitives.pixels import Pixels

DRAWN = 80
"""Lines of each length class."""
_WORDS = (
    *("ticket", "market", "Open", "Station", "window", "Blue", "coffee", "train", "Number"),
    *("paper", "river", "Garden", "please", "wait", "behind", "the", "yellow", "line", "until"),
    *("doors", "and", "Invoice", "total", "of", "May", "is", "due", "in", "30", "days", "from"),
    *("2026", "office", "to"),
)
_CHINESE = (
    "本店所有商品均支持七天内退换货请保留好您的购物小票如有疑问可联系客服人员咨询感谢理解与配合"
)
_SHORT = (
    *("OK", "No", "5", "42", "7", "A", "B2", "Hi", "99", "3%", "$4", "Q", "go", "Tu", "关", "大小"),
    *("开", "确定", "登录", "10", "XL", "E", "8", "R", "up", "Mo", "K2", "4.", "北", "今日"),
)


@dataclass(frozen=True, slots=True)
class DrawnLine:
    """Represent an image of one line.

    Attributes:
        text: Drawn text.
        style: Font, size and colours.
        damage: Key of `DAMAGES`.
        strength: Of the damage, 0 to 1.
        place: Number of the line.
    """

    text: str
    style: Style
    damage: str
    strength: float
    place: int

    @property
    def name(self) -> str:
        """Return number, font size and damage."""
        size = self.style.size
        return f"{self.place:03} {size} px, {self.damage} {self.strength:.2f}, {self.text[:24]}"

    def pixels(self) -> Pixels:
        """Return the image."""
        clean = draw_page(self.text, self.style, (16, 14, 20, 12))
        noise = np.random.default_rng(self.place)
        return DAMAGES[self.damage](clean, self.strength, noise)


def drawn_lines(seed: int) -> Iterator[DrawnLine]:
    """Yield the lines of all length classes."""
    random = seeded("confidence", seed)
    place = 0
    for write in (_short, _medium, _long, _longest):
        for _ in range(DRAWN):
            text = write(random)
            style = random_style(random, text, (14, 40))
            damage, strength = (
                random.choice((*DAMAGES, *["none"] * (len(DAMAGES) - 2))),
                random.random(),
            )
            if damage == "tiny":
                style = replace(style, size=random.randint(5, 10))
            yield DrawnLine(text, style, damage, strength, place)
            place += 1


def _short(random: Random) -> str:
    return random.choice(_SHORT)


def _medium(random: Random) -> str:
    writers: tuple[Callable[[], str], ...] = (
        lambda: _english(random, 6, 10),
        lambda: _chinese(random, 3, 10),
        lambda: f"{random.randint(100, 9999)}.{random.randint(10, 99)}",
        lambda: f"2026-{random.randint(1, 12):02}-{random.randint(1, 28):02}",
        lambda: f"{random.choice(_WORDS)}-{random.randint(10, 99)}",
    )
    return random.choice(writers)()


def _long(random: Random) -> str:
    writers: tuple[Callable[[], str], ...] = (
        lambda: _english(random, 15, 40),
        lambda: _chinese(random, 11, 30),
        lambda: f"https://example.org/{random.choice(_WORDS).lower()}/{random.randint(10, 9999)}",
        lambda: f"{_english(random, 8, 14)} {'.' * random.randint(6, 12)} {random.randint(3, 99)}",
        lambda: f"{_chinese(random, 5, 10)} {random.randint(100, 9999)} {random.choice(_WORDS)}",
    )
    return random.choice(writers)()


def _longest(random: Random) -> str:
    address, dots = "https://example.org/", "." * random.randint(30, 50)
    writers: tuple[Callable[[], str], ...] = (
        lambda: _english(random, 50, 110),
        lambda: _chinese(random, 42, 80),
        lambda: address + "/".join(random.choices(_WORDS, k=7)).lower() + "?id=40718",
        lambda: f"{_english(random, 15, 25)} {dots} {random.randint(3, 99)}",
        lambda: _english(random, 300, 420),
    )
    return random.choice(writers)()


def _english(random: Random, least: int, most: int) -> str:
    """Return words with a number of characters, spaces included; a long word may exceed it."""
    most = random.randint(least, most)
    texts = list(accumulate(random.choices(_WORDS, k=most), "{} {}".format))
    return max([text for text in texts if len(text) <= most], key=len, default=texts[0])


def _chinese(random: Random, least: int, most: int) -> str:
    first = random.randrange(len(_CHINESE))
    return (3 * _CHINESE)[first : first + random.randint(least, most)]


def _blur(pixels: Pixels, strength: float, _: np.random.Generator) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 0.6 + 4 * strength), dtype=np.uint8)


def _noise(pixels: Pixels, strength: float, noise: np.random.Generator) -> Pixels:
    values = pixels + noise.normal(0, 20 + 130 * strength, pixels.shape)
    return np.clip(values, 0, 255).astype(np.uint8)


def _faint(pixels: Pixels, strength: float, noise: np.random.Generator) -> Pixels:
    paper = pixels[0, 0].astype(np.float64)
    values: npt.NDArray[np.float64] = paper + (pixels - paper) * (0.25 - 0.22 * strength)
    return np.clip(values + noise.normal(0, 4, pixels.shape), 0, 255).astype(np.uint8)


def _same(pixels: Pixels, _: float, __: np.random.Generator) -> Pixels:
    return pixels


DAMAGES: Mapping[str, Callable[[Pixels, float, np.random.Generator], Pixels]] = {
    "none": _same,
    "blur": _blur,
    "noise": _noise,
    "faint": _faint,
    "tiny": _same,
}
"""What is done to an image by a strength; ``tiny`` text is drawn small."""
