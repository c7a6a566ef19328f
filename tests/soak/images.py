"""Draw the small images of the soak test in every format of an edition."""

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
"""Formats that each edition adds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleImage:
    """Hold a valid image file and its expected text.

    Attributes:
        name: name of the drawing and its format.
        file: bytes of the file.
        content_type: type of the file on a web server.
        words: expected lines without spaces.
        fields: further fields of the request.
    """

    name: str
    file: bytes
    content_type: str
    words: tuple[str, ...]
    fields: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Drawing:
    image: Image.Image
    words: tuple[str, ...]
    fields: dict[str, Any] = field(default_factory=dict)


def sample_images(edition: str = "2021") -> list[SampleImage]:
    """Return every drawing in every format that the edition adds."""
    return [
        SampleImage(
            name=f"{name} {image_format}",
            file=_file(drawing.image, image_format),
            content_type=f"image/{image_format.lower()}",
            words=drawing.words,
            fields=drawing.fields,
        )
        for image_format in FORMATS[edition]
        for name, drawing in _drawings()
    ]


def _drawings() -> Iterator[tuple[str, _Drawing]]:
    yield "word", _Drawing(draw_image(((20, 16), "Summer"), size=(160, 64)), ("Summer",))
    yield "blank", _Drawing(draw_image(size=(40, 24)), ())
    lines = ("price 12.50", "Number 4711", "tomorrow")
    positions = tuple(((16, 12 + 44 * row), line) for row, line in enumerate(lines))
    expected = tuple(line.replace(" ", "") for line in lines)
    yield "lines", _Drawing(draw_image(*positions, size=(240, 150)), expected)
    yield (
        "size",
        _Drawing(
            draw_image(((12, 8), "Hello World"), size=(230, 50)),
            ("HelloWorld",),
            {"extract_type": ["image_size"]},
        ),
    )
    rotated = draw_image(((24, 20), "Upside down"), size=(240, 80)).rotate(180)
    yield "rotated", _Drawing(rotated, ("Upsidedown",), {"detect_direction": True})
    chinese = chinese_image((20, 20), (72, 20), (124, 20), size=(190, 86))
    yield "chinese", _Drawing(chinese, ("田中土",))
    gray = draw_image(((20, 20), "a grey one"), size=(220, 80)).convert("L")
    yield "gray", _Drawing(gray, ("agreyone",))


def _file(image: Image.Image, image_format: str) -> bytes:
    match image_format:
        case "ICO":
            # The sides of an icon have at most 256 pixels, and Pillow needs its sizes.
            return encode_image(image, "ICO", sizes=[image.size])
        case "JPEG" | "WEBP":
            return encode_image(image, image_format, quality=95)
    return encode_image(image, image_format)
