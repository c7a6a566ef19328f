from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from web_image_ocr.engine.recognition.crops import MAX_WIDTH_PX, split_long_line


@given(st.integers(16, 4 * MAX_WIDTH_PX), st.integers(0, 1000), st.integers(1, 60))
@settings(max_examples=40)
def test_segments_are_limited_and_join_to_the_line(width: int, seed: int, blot: int) -> None:
    blots = np.random.default_rng(seed).integers(0, 256, (4, width // blot + 1, 3), dtype=np.uint8)
    line = np.repeat(blots, blot, axis=1)[:, :width]
    parts = [piece for piece, _ in split_long_line(line)]
    assert np.array_equal(np.hstack(parts), line)
    assert all(0 < part.shape[1] <= MAX_WIDTH_PX for part in parts)
    assert all(part.shape[1] >= MAX_WIDTH_PX * 3 // 4 for part in parts[:-1])
