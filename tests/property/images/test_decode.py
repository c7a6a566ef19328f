"""Test that decoding any bytes returns an image within the limits or raises one error type."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.support.images import encode_image, quadrants, texture
from web_image_ocr.images import ImageFormat, ImageLimits, decode, decode_base64, inspect
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.sources.urls import parse_target

pytestmark = pytest.mark.slow

LIMITS = ImageLimits(max_side=500, max_pixels=60_000, formats=frozenset(ImageFormat))
"""Narrow, so that a damaged header costs little time."""


def with_exif(image_format: str) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encode_image(quadrants(), image_format, exif=exif)


SMALL = texture(48, 40)
SEEDS = {
    "jpeg": encode_image(SMALL, "JPEG"),
    "jpeg progressive": encode_image(SMALL, "JPEG", progressive=True),
    "jpeg with exif": with_exif("JPEG"),
    "jpeg cmyk": encode_image(SMALL.convert("CMYK"), "JPEG"),
    "png": encode_image(SMALL, "PNG"),
    "png with exif": with_exif("PNG"),
    "png palette": encode_image(SMALL.convert("P"), "PNG", transparency=3),
    "bmp": encode_image(SMALL, "BMP"),
    "bmp palette": encode_image(SMALL.convert("P"), "BMP"),
    "tiff": encode_image(SMALL, "TIFF"),
    "tiff lzw": encode_image(SMALL, "TIFF", compression="tiff_lzw"),
    "tiff jpeg": encode_image(SMALL, "TIFF", compression="jpeg"),
    "tiff group 4": encode_image(SMALL.convert("1"), "TIFF", compression="group4"),
    "tiff big": encode_image(SMALL, "TIFF", big_tiff=True),
    "tiff float": encode_image(SMALL.convert("F"), "TIFF"),
    "gif": encode_image(SMALL, "GIF"),
    "gif animated": encode_image(SMALL, "GIF", save_all=True, append_images=[quadrants()]),
    "webp": encode_image(SMALL, "WEBP"),
    "webp lossless": encode_image(SMALL.convert("RGBA"), "WEBP", lossless=True),
    "tga": encode_image(SMALL, "TGA"),
    "tga rle palette": encode_image(SMALL.convert("P"), "TGA", compression="tga_rle"),
    "ico": encode_image(SMALL, "ICO", sizes=[(48, 40), (32, 32)]),
    "ico bitmap": encode_image(SMALL.convert("RGBA"), "ICO", sizes=[(48, 40)], bitmap_format="bmp"),
    "pcx": encode_image(SMALL, "PCX"),
    "pcx palette": encode_image(SMALL.convert("P"), "PCX"),
    "webp animated": encode_image(SMALL, "WEBP", save_all=True, append_images=[SMALL.rotate(90)]),
}


T = TypeVar("T")


def outcome(call: Callable[[], T]) -> T | ErrorKind:
    """Return the result of a call, or the kind of its ``ServiceError``."""
    try:
        return call()
    except ServiceError as error:
        return error.kind


def check(data: bytes) -> None:
    """Assert the property tested in this file."""
    decoded = outcome(lambda: decode(data, LIMITS))
    if isinstance(decoded, ErrorKind):
        assert decoded in (ErrorKind.FORMAT_UNSUPPORTED, ErrorKind.IMAGE_SIZE)
        return
    header = inspect(data, LIMITS)
    assert {decoded.width, decoded.height} == {header.width, header.height}
    assert decoded.pixels.shape == (decoded.height, decoded.width, 3)
    assert LIMITS.min_side <= min(decoded.width, decoded.height)
    assert max(decoded.width, decoded.height) <= LIMITS.max_side


edits = st.lists(
    st.tuples(
        st.sampled_from(["set", "cut", "insert", "drop", "repeat"]),
        st.floats(0, 1, exclude_max=True),
        st.binary(min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=6,
)


def edited(data: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    for kind, place, junk in changes:
        # Half of the edits hit the header, where damage has most effect.
        reach = len(data) if place < 0.5 else min(len(data), 160)
        at = int(place * 2 % 1 * reach)
        match kind:
            case "set":
                data = data[:at] + junk + data[at + len(junk) :]
            case "cut":
                data = data[: max(at, 8)]
            case "insert":
                data = data[:at] + junk + data[at:]
            case "drop":
                data = data[:at] + data[at + len(junk) :]
            case "repeat":
                data = data[:at] + data[at // 2 :]
    return data


@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(changes=edits)
def test_damaged_file_is_decoded_or_refused(
    name: str, changes: list[tuple[str, float, bytes]]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(edited(SEEDS[name], changes))


@pytest.mark.parametrize("name", SEEDS)
def test_seeds_are_valid(name: str) -> None:
    assert decode(SEEDS[name], LIMITS).pixels.size


@given(data=st.binary(max_size=200))
def test_random_bytes_are_refused(data: bytes) -> None:
    check(data)


@given(data=st.binary(max_size=300), every=st.integers(1, 80))
def test_base64_round_trip(data: bytes, every: int) -> None:
    text = base64.b64encode(data).decode()
    broken = "\r\n".join(text[at : at + every] for at in range(0, len(text), every))
    for variant in (text, broken, text.rstrip("=")):
        assert decode_base64(variant) == data


@given(text=st.one_of(st.text(max_size=60), st.binary(max_size=60)))
def test_any_base64_text_is_decoded_or_refused(text: str | bytes) -> None:
    data = outcome(lambda: decode_base64(text))
    assert isinstance(data, bytes) or data is ErrorKind.FORMAT_UNSUPPORTED


@given(
    text=st.one_of(
        st.text(max_size=60),
        st.text(max_size=40).map("http://{}".format),
        st.from_regex(r"https?://[\[\]@:0-9a-fx.%/\\#?_\-ａ１。]{0,40}", fullmatch=True),
    )
)
def test_any_url_is_parsed_or_refused(text: str) -> None:
    target = outcome(lambda: parse_target(text, (80, 443)))
    if isinstance(target, ErrorKind):
        assert target is ErrorKind.SOURCE_FORBIDDEN
        return
    assert str(target.url).isascii()
    assert target.url.scheme in ("http", "https")
    assert target.url.port in (80, 443)
    assert target.url.user is None
    assert target.url.raw_host == target.host
