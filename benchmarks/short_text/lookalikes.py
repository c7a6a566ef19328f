"""Draw and judge tokens whose glyphs look alike, or that recognizers tend to change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.engines import FoundLine
from benchmarks.short_text.cases import Kind, Verdict, confidence_of, shown
from benchmarks.short_text.drawing import Style, draw_page, random_style, seeded
from web_image_ocr.primitives.pixels import Pixels

SURE = 0.9
"""Confidence from which a wrong text counts separately."""
_DRAWN = 4
"""Images of each token."""

TOKENS: Mapping[str, Sequence[tuple[str, ...]]] = {
    "bars": (
        *(("Il1|",), ("1lI",), ("Illinois",), ("Bill 101",), ("l1st",), ("ls -l",), ("|a|",)),
        *(("ID: lI1",), ("x1 | y1",), ("III",), ("wi1l",)),
    ),
    "rounds": (("O0o",), ("0O1",), ("H2O",), ("CO2",), ("B0O",), ("A0O7",), ("10O",), ("Oo0",)),
    "Oi": (("Oi",), ("Oil",), ("0i",), ("OiO",), ("io",), ("iOS",), ("WiFi",)),
    "5S": (("5S",), ("S5",), ("S50",), ("5G",), ("8B",), ("B8",), ("2Z",), ("Z2",), ("6G",)),
    "lines": (
        *(("__",), ("___",), ("a__b",), ("__init__",), ("_x_",), ("--",), ("-v",)),
        *(("——", "--", "—"), ("他说——好", "他说--好", "他说—好"), ("A — B", "A-B")),
    ),
    "units": (
        ("㎡", "m²", "m2"),
        ("50㎡", "50m²", "50m2"),
        ("25℃", "25°C"),
        ("120㎡", "120m²", "120m2"),
    ),
    "superscripts": (("x²",), ("m³",), ("10²",), ("100 m²",), ("a²+b²",), ("E=mc²",), ("5³",)),
    "leading zeros": (("007",), ("0012",), ("00",), ("000",), ("0.05",), ("01:05",), ("0800",)),
    "full-width": (
        ("１２３", "123"),
        ("２０２６", "2026"),
        ("０１２", "012"),
        ("Ａ１", "A1"),
        ("５", "5"),
    ),
    "signs": (
        *(("♪", ""), ("♪ la la", "la la"), ("☎ 555", "555"), ("☺ OK", "OK"), ("★ 4.8", "4.8")),
        *(("✓", "√", ""), ("→ B7", "B7")),
    ),
}
"""By group: the drawn text, and others that are right as well."""


@dataclass(frozen=True, slots=True)
class Token:
    """Represent an image of a token.

    Attributes:
        texts: Drawn text first, then others that are right.
        group: Key of `TOKENS`.
        style: Font, size and colours.
        margin: On all sides, in pixels.
        place: Number of the image.
    """

    texts: tuple[str, ...]
    group: str
    style: Style
    margin: int
    place: int
    detect_direction: bool = False

    @property
    def name(self) -> str:
        """Return number, text, font size and font."""
        face = self.style.face.rpartition("/")[2].partition(".")[0]
        return f"{self.place:03} {self.texts[0]} {self.style.size} px {face}"

    def pixels(self) -> Pixels:
        """Return the image."""
        return draw_page(self.texts[0], self.style, (self.margin,) * 4)

    def judge(self, lines: Sequence[FoundLine]) -> Verdict:
        """Count right, wrong with confidence, wrong without, and nothing.

        Spaces matter between full-width characters only. The confidence of several lines is
        their lowest.
        """
        found = " ".join(line.text for line in lines)
        if self.group != "full-width":
            found = "".join(found.split())
        right = found in {"".join(text.split()) for text in self.texts}
        wrong = bool(found) and not right
        sure = wrong and min(map(confidence_of, lines)) >= SURE
        counts = Counter(
            right=int(right),
            wrong_sure=int(sure),
            wrong_unsure=int(wrong and not sure),
            nothing=int(not found and not right),
        )
        return Verdict(counts, None if right else f"{self.texts[0]} -> {shown(lines)}")


def cases(seed: int) -> Iterator[Token]:
    """Yield each token several times, in fonts that contain it."""
    random = seeded("lookalikes", seed)
    tokens = [
        (group, texts)
        for group, of_group in TOKENS.items()
        for texts in of_group
        for _ in range(_DRAWN)
    ]
    for place, (group, texts) in enumerate(tokens):
        style = random_style(random, texts[0], (16, 44))
        yield Token(texts, group, style, random.choice((6, 20, 60)), place)


KIND = Kind(cases)
