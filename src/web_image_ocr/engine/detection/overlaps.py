"""What shapes share. Of many, only those whose bounds meet need a closer look."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from web_image_ocr.engine.detection.views import Points


class Shapes:
    """Shapes that tell which of them may meet another one.

    Args:
        shapes: N times (M, 2) corners.
    """

    def __init__(self, shapes: Sequence[Points]) -> None:
        self._low = np.array([shape.min(axis=0) for shape in shapes]).reshape(-1, 2)
        self._high = np.array([shape.max(axis=0) for shape in shapes]).reshape(-1, 2)

    def meeting(self, shape: Points) -> list[int]:
        """The indices of the shapes whose bounds meet those of this one (M, 2)."""
        meets = (self._low <= shape.max(axis=0)) & (shape.min(axis=0) <= self._high)
        return [int(index) for index in np.flatnonzero(meets.all(axis=1))]


def shared_area(one: Points, other: Points) -> float:
    """What two quads (4, 2) share, in square pixels."""
    return float(cv2.intersectConvexConvex(one.astype(np.float32), other.astype(np.float32))[0])
