"""Wire models: what bodies hold. Private to ``api``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic.json_schema import SkipJsonSchema

from web_image_ocr.primitives.errors import ErrorKind, ServiceError


class Wire(BaseModel):
    """Strict in types, deaf to unknown keys, and silent about values in its errors."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True, frozen=True)


_Model = TypeVar("_Model", bound=Wire)


_LONGEST_EXTRACT_TYPE = 16
"""Values; two are known, and one may stand twice."""


class WebImageRequest(Wire):
    """Body of a Web Image OCR call. `null` and unknown keys count as absent."""

    image: str | None = Field(
        default=None,
        description="The picture file in Base64, at most 10 MB of text. "
        "Exactly one of `image` and `url`; an empty string counts as absent.",
        examples=["/9j/4AAQSkZJRgABAg..."],
    )
    url: str | None = Field(
        default=None,
        description="An http or https address the picture is fetched from. "
        "Exactly one of `image` and `url`; an empty string counts as absent.",
        examples=["https://example.com/picture.png"],
    )
    detect_direction: bool | None = Field(
        default=None,
        description="Align a tilted or turned picture, any angle, before reading. "
        "Absent means false.",
    )
    extract_type: list[Literal["image_size", "contact_info"]] | None = Field(
        default=None,
        description="What to extract besides the text. `image_size` gives the picture's "
        "size; `contact_info` is accepted and adds nothing yet.",
    )
    detect_font: bool | None = Field(default=None, description="Accepted; adds nothing yet.")
    detect_text_direction: bool | None = Field(
        default=None, description="Accepted; adds nothing yet. Absent means true."
    )

    @field_validator("extract_type", mode="before")
    @classmethod
    def _is_short(cls, value: object) -> object:
        """Refuse at once what is far too long: an error for each value would take gigabytes."""
        if isinstance(value, list) and len(value) > _LONGEST_EXTRACT_TYPE:
            raise ValueError("too many values")
        return value


class ImageSize(Wire):
    """Size of the picture as a viewer shows it."""

    width: int = Field(description="Pixels.")
    height: int = Field(description="Pixels.")


class ExtractedData(Wire):
    """What `extract_type` asked for; empty if nothing."""

    image_size: ImageSize | SkipJsonSchema[None] = Field(
        default=None, description="Only if asked for."
    )


_Pair = Annotated[list[int], Field(min_length=2, max_length=2)]


class WordsBlock(Wire):
    """One line of text."""

    words: str = Field(description="The text.")
    confidence: float = Field(
        ge=0, le=1, description="How likely the whole text is right, four decimals."
    )
    location: list[_Pair] = Field(
        min_length=4,
        max_length=4,
        description="Four corners [x, y] in pixels of the picture as sent, origin at the upper "
        "left, clockwise from the text's own top-left corner.",
    )


class WebImageResult(Wire):
    """What was read."""

    words_block_count: int = Field(description="How many blocks follow.")
    words_block_list: list[WordsBlock] = Field(
        description="Rows from top to bottom, inside a row from left to right."
    )
    extracted_data: ExtractedData


class WebImageAnswer(Wire):
    """A successful answer."""

    result: WebImageResult


class ServiceFailure(Wire):
    """A failed call."""

    error_code: str = Field(examples=["AIS.0103"])
    error_msg: str = Field(examples=["The image size does not meet the requirements."])
    request_id: str | SkipJsonSchema[None] = Field(
        default=None, description="Only where the gateway answers (`APIG.*`): as `X-Request-Id`."
    )


class IdentityFailureBody(Wire):
    """Inside of a failed identity call."""

    code: int = Field(description="The HTTP status.", examples=[401])
    message: str = Field(examples=["The username or password is wrong."])
    title: str = Field(examples=["Unauthorized"])


class IdentityFailure(Wire):
    """A failed identity call."""

    error: IdentityFailureBody


class Health(Wire):
    """A sign of life."""

    status: str = Field(examples=["ok"])


_MOST_STRUCTURE = 10_000
"""Commas and opening brackets of a body, each of which may cost an object. Base64 has none of
them, an honest call some ten. At the limit parsing takes under 0.5 ms; 6 MB of ``[0],`` took
0.8 s, in which nobody else was served."""


def parse_json(body: bytes) -> object:
    """The value of a JSON text in UTF-8; of a key given twice, the last one counts.

    Raises:
        ServiceError: ``JSON_INVALID``; ``NaN`` and ``Infinity`` are no JSON, and neither is
            a text with many thousands of values taken for what was meant.
    """
    if _has_too_much_structure(body):
        raise ServiceError(ErrorKind.JSON_INVALID, "the body has far too many values")
    try:
        value: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ServiceError(ErrorKind.JSON_INVALID, "the body is no JSON") from None
    return value


def _has_too_much_structure(body: bytes) -> bool:
    """Whether the body has more than ``_MOST_STRUCTURE`` commas and opening brackets.

    They are looked for one after the other: in a long text with few of them that takes a
    tenth of the time of counting, and no more where there are many, for it ends at the limit.
    """
    seen = 0
    for symbol in (b"[", b"{", b","):
        place = body.find(symbol)
        while place >= 0:
            seen += 1
            if seen > _MOST_STRUCTURE:
                return True
            place = body.find(symbol, place + 1)
    return False


def validate(model: type[_Model], value: object, kind: ErrorKind) -> _Model:
    """A wire model made from parsed JSON.

    Raises:
        ServiceError: ``kind`` when the value does not fit; the detail names fields and
            rules, never values.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        rules = ", ".join(
            f"{_field_name(problem)}: {problem['type']}"
            for problem in error.errors(
                include_url=False, include_context=False, include_input=False
            )[:5]
        )
        raise ServiceError(kind, f"the body does not fit: {rules}") from None


def _field_name(problem: Mapping[str, Any]) -> str:
    location = problem["loc"]
    if problem["type"] == "extra_forbidden":  # a name of the caller's making, perhaps a secret
        location = location[:-1]
    return ".".join(str(part) for part in location) or "body"
