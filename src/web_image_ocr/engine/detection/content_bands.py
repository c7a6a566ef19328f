"""Find the content bands of a view: strips of rows with contrast, which may contain text."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from web_image_ocr.engine.detection.views import STRIDE
from web_image_ocr.primitives.pixels import Pixels

# Measurements: docs/engine-notes/detection-and-layout.md

MIN_CONTRAST_LEVELS = 8  # grey levels; the detector misses text with less
SAMPLED_COLUMN_STEP = 16  # every 16th column decides most rows at .4 of the time
BAND_MARGIN_PX = 32  # rows beside a band that the detector needs as context
MIN_BAND_HEIGHT_PX = 256  # in a lower band a lone dot looks like text


def content_bands(view: Pixels) -> list[tuple[int, int]]:
    """Return the first row and the end of each content band, from the top.

    A row has no content if its pixels are alike, or equal those of a neighbouring row. So frames
    and bars beside the text do not count. (Nor does a lone vertical stroke, if it is longer than
    ``MIN_BAND_HEIGHT_PX``.) The height of a band is a multiple of 32 and includes its margins.
    """
    rows = _rows_with_content(view)
    bands: list[tuple[int, int]] = []
    for part in np.split(rows, np.flatnonzero(np.diff(rows) > 2 * BAND_MARGIN_PX) + 1):
        if len(part):
            margin = max(BAND_MARGIN_PX, (MIN_BAND_HEIGHT_PX - int(part[-1] - part[0])) // 2)
            top = max(0, int(part[0]) - margin) // STRIDE * STRIDE
            end = min(len(view), -(-(int(part[-1]) + 1 + margin) // STRIDE) * STRIDE)
            if bands and top <= bands[-1][1]:
                top, _ = bands.pop()
            bands.append((top, end))
    return bands


def _rows_with_content(view: Pixels) -> npt.NDArray[np.intp]:
    """Return enough rows with content to know all bands; rows inside a band may be missing."""
    sample = np.ascontiguousarray(view[:, ::SAMPLED_COLUMN_STEP])
    has_content = _have_contrast(sample, np.arange(len(view)))
    known = np.concatenate([[-1], np.flatnonzero(has_content), [len(view)]])
    apart = np.diff(known) > 2 * BAND_MARGIN_PX
    apart[[0, -1]] = True
    gaps = zip(known[:-1][apart] + 1, known[1:][apart], strict=True)
    unsure = np.concatenate([np.arange(first, end) for first, end in gaps])
    has_content[unsure] = _have_contrast(view, unsure)
    return np.flatnonzero(has_content)


def _have_contrast(view: Pixels, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.bool_]:
    """Return for each row whether it has contrast, along itself and against a neighbour."""
    selected = view[rows]
    if not selected.size:
        return np.zeros(0, bool)
    brightest, darkest = (cv2.reduce(selected, 1, how) for how in (cv2.REDUCE_MAX, cv2.REDUCE_MIN))
    along = cv2.absdiff(brightest, darkest)
    across = np.zeros_like(along)
    for row in (np.maximum(rows - 1, 0), np.minimum(rows + 1, len(view) - 1)):
        cv2.max(across, cv2.reduce(cv2.absdiff(selected, view[row]), 1, cv2.REDUCE_MAX), across)
    lower = np.minimum(along.max(axis=(1, 2)), across.max(axis=(1, 2)))
    contrast: npt.NDArray[np.bool_] = lower >= MIN_CONTRAST_LEVELS
    return contrast
