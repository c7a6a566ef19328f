from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.property.engine.strategies import angles, lengths, rectangle
from web_image_ocr.engine.detection.detector import unclip


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
