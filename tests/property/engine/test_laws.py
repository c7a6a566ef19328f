from __future__ import annotations

from random import Random

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st

from web_image_ocr.engine.detection.detector import unclip
from web_image_ocr.engine.detection.views import ViewTransform, max_view_scale
from web_image_ocr.engine.geometry import clip_quad, image_corners, rotated_size
from web_image_ocr.engine.layout.reading_order import reading_order
from web_image_ocr.engine.page import Quad
from web_image_ocr.engine.recognition.decoder import Decoder
from web_image_ocr.engine.recognition.lexicon import Lexicon

sizes = st.integers(1, 4000)
lengths = st.floats(1.0, 500.0)
angles = st.floats(0.0, 360.0)


def rectangle(
    x: float, y: float, width: float, height: float, angle: float
) -> npt.NDArray[np.float64]:
    cos, sin = np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))
    flat = np.array([[0.0, 0.0], [width, 0.0], [width, height], [0.0, height]])
    corners: npt.NDArray[np.float64] = flat @ np.array([[cos, sin], [-sin, cos]]) + [x, y]
    return corners


rectangles = st.builds(
    rectangle, st.floats(-100, 900), st.floats(-100, 900), lengths, lengths, angles
)


def as_quad(corners: npt.NDArray[np.float64]) -> Quad:
    a, b, c, d = ((float(x), float(y)) for x, y in corners)
    return a, b, c, d


@given(st.lists(rectangles, max_size=12), st.randoms(use_true_random=False))
def test_order_is_a_permutation_independent_of_input_order(
    corners: list[npt.NDArray[np.float64]], random: Random
) -> None:
    quads = [as_quad(each) for each in corners]
    shuffled = quads.copy()
    random.shuffle(shuffled)
    order = reading_order(quads)
    assert sorted(order) == list(range(len(quads)))
    assert [quads[i] for i in order] == [shuffled[i] for i in reading_order(shuffled)]


@given(lengths, lengths, angles, st.floats(0.05, 0.45))
def test_unclip_inverts_the_shrinking_of_the_training_labels(
    width: float, height: float, angle: float, shrink: float
) -> None:
    inset = shrink * width * height / (width + height)
    core_width, core_height = width - 2 * inset, height - 2 * inset
    if min(core_width, core_height) < 1e-3:
        return
    grown = unclip(rectangle(7.0, -3.0, core_width, core_height, angle), shrink)
    assert np.isclose(np.linalg.norm(grown[1] - grown[0]), width, rtol=1e-6)
    assert np.isclose(np.linalg.norm(grown[2] - grown[1]), height, rtol=1e-6)
    assert np.allclose(
        grown.mean(axis=0),
        rectangle(7.0, -3.0, core_width, core_height, angle).mean(axis=0),
        atol=1e-6,
    )


@given(sizes, sizes, st.floats(0.05, 3.0), angles, rectangles)
def test_to_image_inverts_to_view(
    width: int, height: int, scale: float, angle: float, points: npt.NDArray[np.float64]
) -> None:
    view = ViewTransform.enclosing(image_corners(width, height), scale=scale, angle=angle)
    assert np.allclose(view.to_image(view.to_view(points)), points, atol=1e-6)


@given(sizes, sizes, st.floats(0.05, 3.0), angles)
def test_a_view_contains_the_whole_image(
    width: int, height: int, scale: float, angle: float
) -> None:
    view = ViewTransform.enclosing(image_corners(width, height), scale=scale, angle=angle)
    corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]])
    projected = view.to_view(corners.astype(np.float64))
    assert view.width % 32 == view.height % 32 == 0
    assert (projected >= -1).all()
    assert (projected <= np.array([view.width, view.height])).all()


@given(sizes, sizes, rectangles)
def test_clipped_quads_are_inside_the_image(
    width: int, height: int, corners: npt.NDArray[np.float64]
) -> None:
    quad = clip_quad(corners, width, height)
    assert all(0 <= x <= width - 1 and 0 <= y <= height - 1 for x, y in quad)


@given(st.integers(1, 30_000), st.integers(1, 30_000), st.integers(65_536, 4_000_000))
def test_the_view_scale_keeps_the_pixel_limit(width: int, height: int, bound: int) -> None:
    scale = max_view_scale(width, height, bound)
    assert scale > 0
    assert scale * scale * width * height <= bound * (1 + 1e-9)
    assert scale * max(width, height) <= 20_000


@given(st.data())
def test_ctc_decodes_encoded_text(data: st.DataObject) -> None:
    characters = ("", "a", "b", "c", " ")
    text = data.draw(st.text(st.sampled_from("abc"), min_size=1, max_size=12))
    steps: list[int] = []
    for character in text:
        steps += [0] * data.draw(st.integers(1, 3))
        steps += [characters.index(character)] * data.draw(st.integers(1, 3))
    steps += [0] * data.draw(st.integers(0, 3))
    reading = Decoder(characters, Lexicon({})).decode(np.eye(5, dtype=np.float32)[steps])
    assert reading.text == text
    assert reading.confidence == 1.0


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_ctc_output_is_always_valid(steps: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    logits = np.exp(random.normal(0, 3, (steps, 5)))
    probabilities = (logits / logits.sum(axis=1, keepdims=True)).astype(np.float32)
    words = Lexicon({"abc": 4.0, "cab": 5.0, "aa": 5.5})
    reading = Decoder(("", "a", "b", "c", " "), words).decode(probabilities)
    assert 0.0 <= reading.confidence <= reading.mean_confidence <= 1.0
    assert len(reading.text) <= steps
    assert reading.text == reading.text.strip()
    assert "  " not in reading.text


@given(st.lists(rectangles, min_size=1, max_size=5), angles, st.floats(0.1, 2.0))
def test_a_view_encloses_its_points_tightly(
    corners: list[npt.NDArray[np.float64]], angle: float, scale: float
) -> None:
    points = np.concatenate(corners)
    view = ViewTransform.enclosing(points, scale=scale, angle=angle)
    projected = view.to_view(points)
    assert projected.min() >= -0.5 - 1e-6
    assert (projected <= [view.width - 0.5 + 1e-6, view.height - 0.5 + 1e-6]).all()
    width, height = rotated_size(points, angle)
    assert view.width <= max(32, scale * width + 33)
    assert view.height <= max(32, scale * height + 33)
