"""The small pictures of the soak, drawn here, in every format of an edition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from tests.support.images import chinese_image, draw_image, encode_image

FORMATS = {
    "2021": ("JPEG", "PNG", "BMP", "TIFF", "GIF", "WEBP"),
    "2025": ("TGA", "ICO", "PCX"),
}
"""What each edition adds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """A picture that is read.

    Attributes:
        name: of the picture, its format and what is asked for.
        file: its bytes.
        content_type: of the file on a web server.
        words: what it says, without blanks.
        fields: what is asked for beside the picture.
    """

    name: str
    file: bytes
    content_type: str
    words: tuple[str, ...]
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Drawn:
    image: Image.Image
    words: tuple[str, ...]
    fields: dict[str, Any] = field(default_factory=dict)


def good_pictures(edition: str = "2021") -> list[Good]:
    """Every drawing in every format that the edition adds."""
    return [
        Good(
            name=f"{name} {form}",
            file=_file(drawn.image, form),
            content_type=f"image/{form.lower()}",
            words=drawn.words,
            fields=drawn.fields,
        )
        for form in FORMATS[edition]
        for name, drawn in _drawings()
    ]


def _drawings() -> Iterator[tuple[str, _Drawn]]:
    yield "word", _Drawn(draw_image(((20, 16), "Summer"), size=(160, 64)), ("Summer",))
    yield "blank", _Drawn(draw_image(size=(40, 24)), ())
    lines = ("price 12.50", "Number 4711", "tomorrow")
    places = tuple(((16, 12 + 44 * row), line) for row, line in enumerate(lines))
    printed = tuple(line.replace(" ", "") for line in lines)
    yield "lines", _Drawn(draw_image(*places, size=(240, 150)), printed)
    yield (
        "size",
        _Drawn(
            draw_image(((12, 8), "Hello World"), size=(230, 50)),
            ("HelloWorld",),
            {"extract_type": ["image_size"]},
        ),
    )
    turned = draw_image(((24, 20), "Upside down"), size=(240, 80)).rotate(180)
    yield "turned", _Drawn(turned, ("Upsidedown",), {"detect_direction": True})
    chinese = chinese_image((20, 20), (72, 20), (124, 20), size=(190, 86))
    yield "chinese", _Drawn(chinese, ("田中土",))
    grey = draw_image(((20, 20), "a grey one"), size=(220, 80)).convert("L")
    yield "grey", _Drawn(grey, ("agreyone",))


def _file(image: Image.Image, form: str) -> bytes:
    match form:
        case "ICO":
            # An icon holds 256 pixels a side at most, and its sizes must be asked for.
            return encode_image(image, "ICO", sizes=[image.size])
        case "JPEG" | "WEBP":
            return encode_image(image, form, quality=95)
    return encode_image(image, form)
