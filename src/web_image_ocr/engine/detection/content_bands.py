"""Which bands of a view may hold text: those without contrast are not worth the detector's time."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from web_image_ocr.engine.detection.views import STRIDE
from web_image_ocr.primitives.pixels import Pixels

CONTRAST = 8  # grey levels; of rendered text with 6, the detector finds nothing
# Every such column is looked at first: most rows of a page need no other. The bands of 846 views
# are the same, in .4 of the time.
SAMPLED = 16
# Rows without contrast beside a band, which the detector sees with it. With both bounds app screens
# take .08 and .11 fewer pixels (2.41 to 2.23, 2.03 to 1.80 million a picture); without LEAST_BAND
# .24 and .20. With 16 rows, and without it, word F of forms fell .9256 -> .9223 (.9249 with 32).
GROUND = 32
LEAST_BAND = 256  # rows; in a lower one a lone dot looks like text


def content_bands(view: Pixels) -> list[tuple[int, int]]:
    """First row and end of each band of a view that may hold text, from the top.

    A row whose pixels are alike, or are those of the rows beside it, holds none: frames and bars
    at the side of the text go on in it. (So does a lone stroke, but one is only cut when it is
    longer than LEAST_BAND.) Each band is a multiple of 32 high and has ground above and below, as
    far as the view goes.
    """
    rows = _busy_rows(view)
    bands: list[tuple[int, int]] = []
    for part in np.split(rows, np.flatnonzero(np.diff(rows) > 2 * GROUND) + 1):
        if len(part):
            ground = max(GROUND, (LEAST_BAND - int(part[-1] - part[0])) // 2)
            top = max(0, int(part[0]) - ground) // STRIDE * STRIDE
            end = min(len(view), -(-(int(part[-1]) + 1 + ground) // STRIDE) * STRIDE)
            if bands and top <= bands[-1][1]:
                top, _ = bands.pop()
            bands.append((top, end))
    return bands


def _busy_rows(view: Pixels) -> npt.NDArray[np.intp]:
    """Rows of a view with contrast, along them and against a row beside them.

    Of those that lie between two others of the same band, not all.
    """
    sample = np.ascontiguousarray(view[:, ::SAMPLED])
    busy = _have_contrast(sample, np.arange(len(view)))
    known = np.concatenate([[-1], np.flatnonzero(busy), [len(view)]])
    apart = np.diff(known) > 2 * GROUND
    apart[[0, -1]] = True
    gaps = zip(known[:-1][apart] + 1, known[1:][apart], strict=True)
    unsure = np.concatenate([np.arange(first, end) for first, end in gaps])
    busy[unsure] = _have_contrast(view, unsure)
    return np.flatnonzero(busy)


def _have_contrast(view: Pixels, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Of each of these rows of a view, whether it has contrast, as above."""
    looked_at = view[rows]
    if not looked_at.size:
        return np.zeros(0, bool)
    brightest, darkest = (cv2.reduce(looked_at, 1, how) for how in (cv2.REDUCE_MAX, cv2.REDUCE_MIN))
    along = cv2.absdiff(brightest, darkest)
    beside = np.zeros_like(along)
    for row in (np.maximum(rows - 1, 0), np.minimum(rows + 1, len(view) - 1)):
        cv2.max(beside, cv2.reduce(cv2.absdiff(looked_at, view[row]), 1, cv2.REDUCE_MAX), beside)
    least = np.minimum(along.max(axis=(1, 2)), beside.max(axis=(1, 2)))
    contrast: npt.NDArray[np.bool_] = least >= CONTRAST
    return contrast
