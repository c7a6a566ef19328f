from __future__ import annotations

import numpy as np
import pytest

from tests.unit.engine.fakes import direction_recognizer
from tests.unit.engine.images import gradient
from tests.unit.engine.shapes import rectangle
from web_image_ocr.engine.geometry import Box
from web_image_ocr.engine.layout.orientation import dominant_direction, estimate_text_angle


def test_mode_not_mean() -> None:
    directions = np.array([31.0, 30.0, 29.0, 120.0])
    assert dominant_direction(directions, np.array([2.0, 2.0, 2.0, 3.0])) == pytest.approx(30.0)


def test_directions_wrap_at_180() -> None:
    found = dominant_direction(np.array([178.0, 2.0]), np.array([1.0, 1.0]))
    assert min(found, 180.0 - found) == pytest.approx(0.0, abs=1e-6)


def test_a_slanting_watermark_does_not_tilt_a_straight_page() -> None:
    directions = np.array([135.0] * 6 + [0.5])
    weights = np.array([1.0] * 6 + [3.0])
    assert dominant_direction(directions, weights) == pytest.approx(0.5)


def test_a_lone_straight_scrap_does_not_straighten_a_tilted_page() -> None:
    directions = np.array([20.0] * 9 + [0.0])
    assert dominant_direction(directions, np.ones(10)) == pytest.approx(20.0)


@pytest.mark.parametrize("straight", [0.0, 90.0, 180.0, 270.0])
@pytest.mark.parametrize("tilt", [-1.9, 1.9])
def test_nearly_straight_is_straight(straight: float, tilt: float) -> None:
    reader = direction_recognizer({straight: ("head up", 0.9)})
    boxes = [Box(rectangle(straight + tilt), 1.0)]
    assert estimate_text_angle(gradient(), boxes, reader) == straight


@pytest.mark.parametrize("angle", [2.1, 87.9, 214.0, 357.9])
def test_what_is_tilted_more_is_turned_by_its_tilt(angle: float) -> None:
    reader = direction_recognizer({angle: ("head up", 0.9)})
    found = estimate_text_angle(gradient(), [Box(rectangle(angle), 1.0)], reader)
    assert found == pytest.approx(angle, abs=1e-6)
