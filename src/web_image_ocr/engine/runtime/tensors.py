"""Pixels as PP-OCR models want them."""

from __future__ import annotations

import numpy as np

from web_image_ocr.engine.runtime.session import Tensor
from web_image_ocr.primitives.pixels import Pixels

LINE_HEIGHT = 48  # pixels; input height of the recognition model


def to_tensor(pixels: Pixels) -> Tensor:
    """(1, 3, H, W) float32, BGR, x / 127.5 - 1, from (H, W, 3) RGB."""
    planes = pixels[:, :, ::-1].transpose(2, 0, 1)[None]
    batch = np.ascontiguousarray(planes, dtype=np.float32)
    batch *= np.float32(1 / 127.5)
    batch -= np.float32(1)
    return batch
