from __future__ import annotations

from typing import Any

import pytest

from web_image_ocr.engine.config import EngineConfig


@pytest.mark.parametrize(
    "values",
    [{"threads": -1}, {"max_detection_pixels": 1000}, {"min_confidence": 1.5}],
    ids=lambda values: next(iter(values)),
)
def test_values_out_of_range_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(values))):
        EngineConfig(**values)
