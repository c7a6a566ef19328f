from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw

from tests.support.images import encode_image, quadrants
from web_image_ocr.images import ImageLimits, decode
from web_image_ocr.images.rgb import NEAR_WHITE
from web_image_ocr.primitives.pixels import Pixels

LIMITS = ImageLimits.for_edition("2021")


def decoded(image: Image.Image, image_format: str, **options: Any) -> Pixels:
    return decode(encode_image(image, image_format, **options), LIMITS).pixels


def rgb(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("RGB"))


def gray_ramp(greatest: float, kind: str) -> Image.Image:
    """Return a ramp from 0 to ``greatest``, 32 x 16 pixels."""
    return Image.fromarray(np.tile(np.linspace(0, greatest, 32), (16, 1)).astype(kind))


RAMP = np.linspace(0, 255, 32)


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
def test_opaque_image_keeps_its_colors(mode: str, image_format: str) -> None:
    image = quadrants().convert(mode)
    np.testing.assert_array_equal(decoded(image, image_format), rgb(image))


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_bmp_keeps_its_colors(mode: str) -> None:
    image = quadrants().convert(mode)
    np.testing.assert_array_equal(decoded(image, "BMP"), rgb(image))


@pytest.mark.parametrize(
    ("mode", "image_format"), [("CMYK", "JPEG"), ("CMYK", "TIFF"), ("YCbCr", "TIFF")]
)
def test_color_space_is_converted_to_rgb(mode: str, image_format: str) -> None:
    found = decoded(quadrants().convert(mode), image_format).astype(int)
    assert np.abs(found - rgb(quadrants())).mean() < 3


def test_lab_is_converted_to_rgb() -> None:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    image = ImageCms.profileToProfile(quadrants(), srgb, lab, outputMode="LAB")
    assert image is not None
    found = decoded(image, "TIFF").astype(int)
    assert np.abs(found - rgb(quadrants())).mean() < 2


@pytest.mark.parametrize("image_format", ["PNG", "TIFF"])
def test_16_bit_values_are_scaled_not_clipped(image_format: str) -> None:
    found = decoded(gray_ramp(65535, "uint16"), image_format)
    np.testing.assert_allclose(found[0, :, 0], RAMP, atol=1)


@pytest.mark.parametrize(("greatest", "kind"), [(1.0, "float32"), (7e9, "float32"), (9e5, "int32")])
def test_values_without_a_standard_range_are_scaled(greatest: float, kind: str) -> None:
    found = decoded(gray_ramp(greatest, kind), "TIFF")
    np.testing.assert_allclose(found[0, :, 0], RAMP, atol=1)


def test_non_finite_floats_are_accepted() -> None:
    values = np.tile(np.linspace(0, 1, 32, dtype=np.float32), (16, 1))
    values[0, :4] = (np.nan, np.inf, -np.inf, 3e38)
    assert decoded(Image.fromarray(values), "TIFF").shape == (16, 32, 3)


@pytest.mark.parametrize("image_format", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize(
    ("ink", "background"),
    [((0, 0, 0), 255), ((200, 30, 30), 255), ((255, 255, 255), 0), ((245, 250, 255), 0)],
    ids=["black", "red", "white", "nearly white"],
)
def test_background_contrasts_with_the_ink(
    image_format: str, ink: tuple[int, int, int], background: int
) -> None:
    image = Image.new("RGBA", (40, 30), (ink[0], ink[1], ink[2], 0))
    image.paste((*ink, 255), (10, 10, 30, 20))
    options = {"lossless": True} if image_format == "WEBP" else {}
    found = decoded(image, image_format, **options)
    assert found[0, 0].tolist() == [background] * 3
    assert found[15, 20].tolist() == list(ink)


def test_half_transparent_ink_is_blended() -> None:
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 128))
    assert decoded(image, "PNG")[0, 0].tolist() == [127] * 3


def test_fully_transparent_image_is_white() -> None:
    assert decoded(Image.new("RGBA", (20, 20), (9, 9, 9, 0)), "PNG").min() == 255


@pytest.mark.parametrize(("level", "background"), [(NEAR_WHITE - 4, 255), (NEAR_WHITE + 4, 0)])
def test_background_changes_at_the_threshold(level: int, background: int) -> None:
    image = Image.new("LA", (20, 20), (0, 0))
    image.paste((level, 255), (5, 5, 15, 15))
    assert decoded(image, "PNG")[0, 0].tolist() == [background] * 3


def with_alpha(ink: tuple[int, int, int]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    """Return a transparent image with strokes two pixels wide in one color, like text."""
    image = Image.new("RGBA", (120, 60))
    draw = ImageDraw.Draw(image)
    for x in range(4, 60, 6):
        draw.line((x, 5, x, 35), fill=(*ink, 255), width=2)
    return image, draw


@pytest.mark.parametrize("logo", [(200, 30, 30), (20, 90, 200), (90, 90, 90)])
def test_white_text_beside_a_larger_logo_is_not_lost(logo: tuple[int, int, int]) -> None:
    image, draw = with_alpha((255, 255, 255))
    draw.rectangle((65, 2, 117, 57), fill=(*logo, 255))
    assert decoded(image, "PNG")[0, 0].tolist() == [0, 0, 0]


def test_dark_text_beside_a_larger_white_label_is_not_lost() -> None:
    image, draw = with_alpha((60, 60, 60))
    draw.rectangle((65, 2, 117, 57), fill=(255, 255, 255, 255))
    assert decoded(image, "PNG")[0, 0].tolist() == [255, 255, 255]


def test_transparent_level_of_a_16_bit_gray_png() -> None:
    image = gray_ramp(40_000, "uint16")
    found = decoded(image, "PNG", transparency=0)
    assert found[0, 0].tolist() == [255] * 3
    np.testing.assert_allclose(found[0, 1:, 0], RAMP[1:] * 40_000 / 65_535, atol=1)


@pytest.mark.parametrize("mode", ["P", "L"])
def test_transparent_color_of_a_png(mode: str) -> None:
    image = quadrants().convert(mode)
    transparent = int(np.asarray(image)[0, 0])
    found = decoded(image, "PNG", transparency=transparent)
    assert found[0, 0].tolist() == [255] * 3
    assert found[-1, 0].tolist() == rgb(image)[-1, 0].tolist()


@pytest.mark.parametrize("transparent", [0, 1])
def test_transparent_color_of_a_black_and_white_png(transparent: int) -> None:
    """The result is white on black or black on white, as before."""
    image = quadrants().convert("1")
    found = decoded(image, "PNG", transparency=transparent)
    np.testing.assert_array_equal(found, rgb(image))


def test_transparent_color_of_a_true_color_png() -> None:
    found = decoded(quadrants(), "PNG", transparency=(200, 30, 30))
    assert found[0, 0].tolist() == [255] * 3
    assert found[0, -1].tolist() == [30, 160, 30]


def test_alpha_of_each_palette_entry() -> None:
    image = quadrants().convert("P")
    found = decoded(image, "PNG", transparency=bytes(256))
    assert found.min() == 255


def test_transparent_color_of_a_gif() -> None:
    image = quadrants().convert("P")
    found = decoded(image, "GIF", transparency=int(np.asarray(image)[0, 0]))
    assert found[0, 0].tolist() == [255] * 3
    assert found[0, -1].tolist() == rgb(image)[0, -1].tolist()
