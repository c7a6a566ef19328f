"""Describe the Web Image OCR call: models of its request and answer, and the answer's encoder."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic.json_schema import SkipJsonSchema

from web_image_ocr.api.wire.codec import Wire
from web_image_ocr.engine.page import Page, TextLine

_MAX_EXTRACT_TYPES = 16
"""Two values are known, and each may be repeated."""


class WebImageRequest(Wire):
    """Body of a Web Image OCR call. `null` and unknown keys count as absent."""

    image: str | None = Field(
        default=None,
        description="The image file in Base64, at most 10 MB of text. "
        "Exactly one of `image` and `url`; an empty string counts as absent.",
        examples=["/9j/4AAQSkZJRgABAg..."],
    )
    url: str | None = Field(
        default=None,
        description="The http or https address of the image file. "
        "Exactly one of `image` and `url`; an empty string counts as absent.",
        examples=["https://example.com/image.png"],
    )
    detect_direction: bool | None = Field(
        default=None,
        description="Correct the rotation of the image, by any angle, before recognition. "
        "Absent means false.",
    )
    extract_type: list[Literal["image_size", "contact_info"]] | None = Field(
        default=None,
        description="What to return besides the text. `image_size` adds the image's size. "
        "`contact_info` is accepted and adds nothing yet.",
    )
    detect_font: bool | None = Field(default=None, description="Accepted; adds nothing yet.")
    detect_text_direction: bool | None = Field(
        default=None, description="Accepted; adds nothing yet. Absent means true."
    )

    @field_validator("extract_type", mode="before")
    @classmethod
    def _limit_extract_types(cls, value: object) -> object:
        """Refuse long lists at once: one error for each value would take gigabytes."""
        if isinstance(value, list) and len(value) > _MAX_EXTRACT_TYPES:
            raise ValueError("too many values")
        return value


class ImageSize(Wire):
    """Size of the image as a viewer shows it."""

    width: int = Field(description="Pixels.")
    height: int = Field(description="Pixels.")


class ExtractedData(Wire):
    """Values requested by `extract_type`; may be empty."""

    image_size: ImageSize | SkipJsonSchema[None] = Field(
        default=None, description="Only if requested."
    )


_Pair = Annotated[list[int], Field(min_length=2, max_length=2)]


class WordsBlock(Wire):
    """One line of text."""

    words: str = Field(description="The text.")
    confidence: float = Field(
        ge=0, le=1, description="Probability that the whole text is correct, four decimals."
    )
    location: list[_Pair] = Field(
        min_length=4,
        max_length=4,
        description="Four corners [x, y] in pixels of the image as sent, origin at the top "
        "left, clockwise from the text's own top-left corner.",
    )


class WebImageResult(Wire):
    """The recognized text."""

    words_block_count: int = Field(description="Number of text blocks.")
    words_block_list: list[WordsBlock] = Field(
        description="In reading order: rows from top to bottom, each from left to right."
    )
    extracted_data: ExtractedData


class WebImageAnswer(Wire):
    """A successful answer."""

    result: WebImageResult


class Health(Wire):
    """State of the server."""

    status: str = Field(examples=["ok"])


def encode_page(page: Page, extract: Collection[str] = ()) -> dict[str, object]:
    """Return the body of a successful answer, ready for JSON.

    Args:
        page: the recognized page.
        extract: values of ``extract_type``. ``image_size`` adds the image's size;
            ``contact_info`` adds nothing yet.

    Returns:
        ``{"result": {…}}`` with integer coordinates inside the image (0 to width − 1, 0 to
        height − 1) and confidences with four decimals.
    """
    extracted: dict[str, object] = {}
    if "image_size" in extract:
        extracted["image_size"] = {"width": page.width, "height": page.height}
    return {
        "result": {
            "words_block_count": len(page.lines),
            "words_block_list": [_encode_line(line, page) for line in page.lines],
            "extracted_data": extracted,
        }
    }


def _encode_line(line: TextLine, page: Page) -> dict[str, object]:
    return {
        "words": line.text,
        "confidence": round(min(max(line.confidence, 0.0), 1.0), 4),
        "location": [[_pixel(x, page.width), _pixel(y, page.height)] for x, y in line.quad],
    }


def _pixel(value: float, size: int) -> int:
    """Return the nearest pixel in 0 … size - 1."""
    return min(max(round(value), 0), size - 1)
