"""Still WEBP pictures, decoded by OpenCV.

Pillow decodes every WEBP file as an animation: canvas, previous canvas, a copy as bytes and a
copy as a picture, 16 to 20 bytes a pixel; this takes 6, or 8 with alpha. Both call libwebp and
give the same pixels.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt


def decode_still(data: bytes) -> npt.NDArray[np.uint8]:
    """The picture, (H, W, 3) RGB or (H, W, 4) RGBA.

    Raises:
        ValueError: the data is damaged or cut short.
        cv2.error: likewise.
    """
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.ndim != 3 or found.dtype != np.uint8:
        raise ValueError("no picture in the WEBP file")
    swap = cv2.COLOR_BGR2RGB if found.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    return np.asarray(cv2.cvtColor(found, swap, dst=found), dtype=np.uint8)
