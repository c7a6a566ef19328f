from __future__ import annotations

import numpy as np
import pytest

from web_image_ocr.engine.orientation import dominant_direction


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
