from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.support.images import encode_image, texture
from web_image_ocr.images.codecs.webp import decode_still


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("options", [{}, {"quality": 5}, {"lossless": True}, {"method": 6}])
def test_pixels_equal_those_of_pillow(mode: str, options: dict[str, Any]) -> None:
    image = texture().convert(mode)
    if mode == "RGBA":
        image.putalpha(texture().convert("L"))
    data = encode_image(image, "WEBP", **options)
    np.testing.assert_array_equal(decode_still(data), np.asarray(Image.open(io.BytesIO(data))))
