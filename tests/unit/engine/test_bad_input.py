"""Pictures on which nothing is written: nothing is read surely, and little work is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from tests.unit.engine.counting import CountingEngine, counting
from web_image_ocr import Engine, EngineConfig, RecognitionOptions
from web_image_ocr.primitives.cpu import has_vnni
from web_image_ocr.primitives.pixels import Pixels

pytestmark = pytest.mark.models

SURE = 0.5  # what is invented must be less sure
OPTIONS = pytest.mark.parametrize(
    "options",
    [RecognitionOptions(), RecognitionOptions(detect_direction=True)],
    ids=["plain", "align"],
)


@pytest.fixture(scope="module")
def engine() -> Iterator[CountingEngine]:
    with counting(Engine(EngineConfig(threads=2))) as counter:
        yield counter


SEEN = 8
"""What the detector sees to a picture's pixels, at most: 1.6 upright, at a scale of 1.25; 3.3
turned by 45 degrees; either again from afar, and what looks bent."""
FILLING = 32_768
"""Pixels by which the views of a small picture are filled up to multiples of 32: of 64 x 64 pixels
of noise a few strips are seen as well that look bent, and 53,248 pixels in all."""


def invented(
    engine: CountingEngine, pixels: Pixels, options: RecognitionOptions
) -> list[tuple[str, float]]:
    """What is read surely in a picture on which nothing is written; little work may be done."""
    lines = engine.recognize(pixels, options).lines
    assert sum(engine.detection.pixels) <= SEEN * pixels.shape[0] * pixels.shape[1] + FILLING
    return [(line.text, line.confidence) for line in lines if line.confidence > SURE]


def picture(values: npt.NDArray[Any]) -> Pixels:
    """(H, W) greys or (H, W, 3) colours, cut off at 0 and 255, as a picture."""
    pixels = np.clip(values, 0, 255).astype(np.uint8)
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


def enlarged(values: npt.NDArray[Any], factor: int) -> npt.NDArray[Any]:
    """Each pixel as a square of ``factor`` pixels."""
    return values.repeat(factor, axis=0).repeat(factor, axis=1)


def clouds(random: np.random.Generator, width: int, height: int) -> npt.NDArray[Any]:
    """Soft spots of a few pixels."""
    noise = random.normal(0.0, 1.0, (height, width, 3))
    return 128 + 200 * np.asarray(cv2.GaussianBlur(noise, (0, 0), 3))


Noise = Callable[[np.random.Generator, int, int], npt.NDArray[Any]]
NOISE: dict[str, Noise] = {
    "colours": lambda random, w, h: random.integers(0, 256, (h, w, 3)),
    "greys": lambda random, w, h: random.integers(0, 256, (h, w)),
    "black and white": lambda random, w, h: 255 * random.integers(0, 2, (h, w)),
    "gaussian colours": lambda random, w, h: random.normal(128, 40, (h, w, 3)),
    "gaussian greys": lambda random, w, h: random.normal(128, 40, (h, w)),
    "specks": lambda random, w, h: 255 * (random.random((h, w)) > 0.01),
    "clouds": clouds,
    "tiles": lambda random, w, h: enlarged(random.integers(0, 256, (h // 8, w // 8, 3)), 8),
    # Ten by ten of these can look like a letter, and one in fifteen such pictures is read as one.
    "blocks": lambda random, w, h: enlarged(255 * random.integers(0, 2, (h // 6, w // 6)), 6),
}


@OPTIONS
@pytest.mark.parametrize("size", [(64, 64), (200, 150), (640, 480)], ids="{0[0]}x{0[1]}".format)
@pytest.mark.parametrize("kind", NOISE)
def test_nothing_is_read_surely_in_noise(
    engine: CountingEngine, kind: str, size: tuple[int, int], options: RecognitionOptions
) -> None:
    found = {
        seed: invented(engine, picture(NOISE[kind](np.random.default_rng(seed), *size)), options)
        for seed in range(3)
    }
    if kind == "blocks":
        found = {seed: [one for one in lines if len(one[0]) > 1] for seed, lines in found.items()}
    assert not any(found.values()), found


@pytest.mark.parametrize("value", [0, 127, 255])
@pytest.mark.parametrize("shape", [(480, 640), (15, 8192), (8192, 15)], ids=str)
def test_a_picture_of_one_colour_is_not_shown_to_the_models(
    engine: CountingEngine, shape: tuple[int, int], value: int
) -> None:
    assert engine.recognize(picture(np.full(shape, value))).lines == ()
    assert engine.detection.pixels == engine.recognition.pixels == []


@OPTIONS
@pytest.mark.parametrize("place", [(320, 240), (0, 0), (100, 479)], ids="at {0[0]},{0[1]}".format)
@pytest.mark.parametrize("radius", [0, 1, 3, 8])
def test_a_single_dot_is_no_text(
    engine: CountingEngine, place: tuple[int, int], radius: int, options: RecognitionOptions
) -> None:
    pixels = picture(np.full((480, 640), 255))
    cv2.circle(pixels, place, radius, (0, 0, 0), cv2.FILLED)
    assert invented(engine, pixels, options) == []


PATTERNS: dict[str, Callable[[npt.NDArray[Any], npt.NDArray[Any]], npt.NDArray[Any]]] = {
    "checks": lambda x, y: x + y,
    "rows": lambda _, y: y,
    "columns": lambda x, _: x,
    "crossing rows and columns": lambda x, y: x * y,
}


@OPTIONS
@pytest.mark.parametrize("kind", PATTERNS)
@pytest.mark.parametrize("period", [1, 2, 3, 8, 32])
def test_patterns_are_no_text(
    engine: CountingEngine,
    kind: str,
    period: int,
    options: RecognitionOptions,
    request: pytest.FixtureRequest,
) -> None:
    if (kind, period) == ("checks", 8):  # with float32, checks of 9 pixels are read as four signs
        why = "with numbers of 8 bits it is read as eleven times 一"
        rounded = pytest.mark.xfail(has_vnni(), reason=why, strict=False)
        request.applymarker(rounded)
    y, x = np.mgrid[:480, :640] // period
    pattern = picture(255 * (PATTERNS[kind](x, y) % 2))
    assert invented(engine, pattern, options) == []


@OPTIONS
@pytest.mark.parametrize("module", [3, 5, 8, 12])
@pytest.mark.parametrize("text", ["https://example.org/", "0123456789" * 12], ids=["short", "long"])
def test_a_qr_code_is_no_text(
    engine: CountingEngine, text: str, module: int, options: RecognitionOptions
) -> None:
    code = enlarged(np.asarray(cv2.QRCodeEncoder.create().encode(text)), module)
    pixels = picture(np.pad(code, 40, constant_values=255))
    assert [found for found in invented(engine, pixels, options) if len(found[0]) > 1] == []
