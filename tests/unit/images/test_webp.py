from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.unit.images.pictures import detailed, encoded
from web_image_ocr.images.webp import decode_still


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("options", [{}, {"quality": 5}, {"lossless": True}, {"method": 6}])
def test_pixels_are_those_of_pillow(mode: str, options: dict[str, Any]) -> None:
    image = detailed().convert(mode)
    if mode == "RGBA":
        image.putalpha(detailed().convert("L"))
    data = encoded(image, "WEBP", **options)
    np.testing.assert_array_equal(decode_still(data), np.asarray(Image.open(io.BytesIO(data))))
