"""Judge images without text: the noise, textures and patterns of the engine's tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

from benchmarks.engines import FoundLine
from benchmarks.short_text.cases import Kind, Verdict, confident, shown
from tests.support.textures import (
    DOT_CENTRES,
    DOT_RADII,
    NOISE,
    NOISE_SIZES,
    PATTERNS,
    PERIODS,
    QR_MODULES,
    QR_TEXTS,
    dot,
    noise,
    pattern,
    qr_code,
)
from web_image_ocr.primitives.pixels import Pixels


@dataclass(frozen=True, slots=True)
class Texture:
    """Represent an image without text.

    Attributes:
        title: Of the image.
        group: ``noise``, ``patterns``, ``dots`` or ``QR codes``.
        draw: Return the image.
        detect_direction: The engine may turn the image.
    """

    title: str
    group: str
    draw: Callable[[], Pixels]
    detect_direction: bool

    @property
    def name(self) -> str:
        """Return the title and the option."""
        return f"{self.title}{', detect_direction' if self.detect_direction else ''}"

    def pixels(self) -> Pixels:
        """Return the image."""
        return self.draw()

    def judge(self, lines: Sequence[FoundLine]) -> Verdict:
        """Count texts at a confidence of .5 or more, and those of several characters."""
        sure = confident(lines)
        longer = sum(len(line.text) > 1 for line in sure)
        counts = Counter(texts=len(sure), texts_of_two_or_more=longer)
        return Verdict(counts, shown(sure) if sure else None)


def cases(seed: int) -> Iterator[Texture]:
    """Yield all textures with and without `detect_direction`."""
    for detect_direction in (False, True):
        for title, group, draw in _textures(seed):
            yield Texture(title, group, draw, detect_direction)


def _textures(seed: int) -> Iterator[tuple[str, str, Callable[[], Pixels]]]:
    """Yield title, group and image."""
    for kind, size, draw in product(NOISE, NOISE_SIZES, range(3)):
        title = f"{kind} {size[0]} x {size[1]}, {draw}"
        yield title, "noise", partial(noise, kind, size, (seed, draw))
    for kind, period in product(PATTERNS, PERIODS):
        yield f"{kind}, {period} px", "patterns", partial(pattern, kind, period)
    for centre, radius in product(DOT_CENTRES, DOT_RADII):
        title = f"radius {radius} px at {centre[0]}, {centre[1]}"
        yield title, "dots", partial(dot, centre, radius)
    for (length, text), module in product(QR_TEXTS.items(), QR_MODULES):
        yield f"{length}, {module} px", "QR codes", partial(qr_code, text, module)


KIND = Kind(cases)
