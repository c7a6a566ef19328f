"""Where the text of a picture is: seen from afar, and from near where it is small.

Every picture is seen from afar first. If that shows small text, or may have missed it, the
picture is seen from as near as the text asks for and the detector takes at once. Where text is
small even then, the tiles that hold it are seen again, at the full scale or what the bound on all
work allows. All that is seen from near goes into one map, so that a line that crosses tiles is
one line. The view from afar adds large text that the map does not show.
"""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass

import cv2
import numpy as np

from web_image_ocr.engine.detection.detector import (
    CERTAIN,
    LEVELS,
    ProbabilityMap,
    boxes_of_map,
    extend_to_border,
    heights_of_map,
    regions_of_map,
    text_map,
    traces_of_map,
)
from web_image_ocr.engine.detection.tiles import Tile, cut
from web_image_ocr.engine.detection.views import (
    MAX_SCALE,
    ViewTransform,
    max_tiled_scale,
    max_view_scale,
)
from web_image_ocr.engine.geometry import (
    BoundsIndex,
    Box,
    Points,
    image_corners,
    rotated_size,
    shared_area,
    shorter_side,
)
from web_image_ocr.engine.runtime.session import Session
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.pixels import Pixels

# However large the picture, it is surveyed at no less: of text seen 4.5 to 5.5 pixels high (9 to
# 11 in the picture), 93 % (born-digital) to 96 % (receipts) leaves a trace in the detector's map,
# of text below 2.5 only 22 %.
SURVEY = 0.5
TRACE = 0.1
# A view from afar in which text leaves traces, all of them this high or higher in its pixels, is
# enough: large text costs a fifth. Word F at 16 / 24 with traces from TRACE on: street scenes .697
# / .705 for .707 when all is seen from near; at 20 from FAINT on .706, born-digital .946 for .946;
# on shop pictures, screens, receipts, forms and documents none of them changes anything.
PLAIN = 20.0
FAINT = 0.05
TRUSTED = 0.4  # a view from afar at a smaller scale may miss small text
# On a page of many texts, the lowest tenth of them is seen this high. Word F of receipts .9716 ->
# .9728, documents .9967 -> .9975, forms .9255 -> .9255, at .64, .74 and .93 of the pixels; at 16,
# forms .9240. Of few texts it says too little: street scenes .7058 -> .7006.
SEEN_HIGH = 20.0
MANY = 20
TELLING = 0.3  # at a smaller scale the lowest tenth is missed
# Boxes less high than this, in pixels of the view, are seen again from nearer. Words are as often
# right as at the full scale when their labels are seen 10 high or more, their boxes 11 to 16
# (receipts, born-digital); street scenes would like a little more.
SMALL = 16.0
# Seen at this scale or a larger one, nothing is seen again: of the pictures surveyed at 0.83 to
# 1.25 (19 screens, 10 receipts), a nearer look mended no word. Below it specks, too, ask for
# one: without those below 20 pixels of length, stacks of street scenes fall from .703 to .677.
ENOUGH = 0.83
WORTH = 1.2  # a nearer look must be nearer by this factor
# From near, large letters fall apart, and a lone line on a wide ground, or text between much that
# is alike, is overlooked. A view from this much further away shows them: shop pictures turned by
# five angles .873 -> .891, stacked .868 -> .883; web pictures, receipts and street scenes .945 ->
# .946, .971 -> .971, .707 -> .708. At .3 / .4: turned .889 / .895, street scenes .707 / .704.
AFAR = 0.5
# What is found from afar only is believed from this height on, in pixels of that view. 0 / 8 / 24:
# street scenes .706 / .707 / .707 for .708, turned shop pictures .889 / .890 / .893 for .891.
LARGE = 12.0
COVERED = 0.2  # a box from afar was overlooked when no more of it is covered from near
# Of the views of one look at a picture together, but for their overlap: about 30 s of one core at
# 2.8 GHz, half the default deadline. Maps and masks take 3 bytes of memory a pixel.
MAX_TOTAL_PIXELS = 32_000_000


@dataclass(frozen=True, slots=True)
class _Seen:
    """A view and where its text is."""

    frame: ViewTransform
    text: ProbabilityMap


@dataclass(frozen=True, slots=True)
class Detections:
    """Where the text is, in no particular order.

    Attributes:
        boxes: of its lines, as far as they are straight.
        regions: the contour (N, 2) of each region, whatever its shape, pixels of the picture.
    """

    boxes: list[Box]
    regions: list[Points]


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiScaleDetector:
    """The detector on one picture.

    Attributes:
        session: the detector.
        pixels: the picture.
        max_pixels: of a view that the detector sees at once, at least 512 x 512.
        deadline: looked at before each run of the detector.
        max_total_pixels: of all views of one look together, but for their overlap.
    """

    session: Session
    pixels: Pixels
    max_pixels: int
    deadline: Deadline
    max_total_pixels: int = MAX_TOTAL_PIXELS

    def detect(self, ground: Points, angle: float = 0.0) -> Detections:
        """Where the text is on a part of the picture.

        Args:
            ground: (N, 2) in pixels of the picture; the least rectangle around them that lies
                along the text is looked at.
            angle: degrees by which the text is turned clockwise.
        """
        size = rotated_size(ground, angle)
        scale = max(
            max_view_scale(*size, self.max_pixels),
            min(SURVEY, max_tiled_scale(*size, self.max_total_pixels // 2)),
        )
        far = self._seen(ViewTransform.enclosing(ground, scale=AFAR * scale, angle=angle))
        asked = choose_scale(far)
        if asked == far.frame.scale:
            near, boxes = far, _boxes(far)
        else:
            seen = self._seen(ViewTransform.enclosing(ground, scale=min(asked, scale), angle=angle))
            near = self._closer(
                seen, ground, min(asked, max_tiled_scale(*size, self.max_total_pixels))
            )
            far = far if near is seen else seen
            boxes = merge_coarse_detections(_boxes(near), _boxes(far), LARGE / far.frame.scale)
        height, width = self.pixels.shape[:2]
        return Detections(
            boxes=[extend_to_border(box, image_corners(width, height)) for box in boxes],
            regions=[near.frame.to_image(region) for region in regions_of_map(near.text)],
        )

    def probability_map(self, frame: ViewTransform) -> ProbabilityMap:
        """Where the text of a whole view is, whatever its size."""
        text = np.zeros((frame.height, frame.width), np.uint8)
        for tile in cut(frame.width, frame.height, self.max_pixels):
            _paste(text, tile, self._text_of(frame, tile))
        return text

    def _seen(self, frame: ViewTransform) -> _Seen:
        return _Seen(frame, self.probability_map(frame))

    def _closer(self, seen: _Seen, ground: Points, scale: float) -> _Seen:
        """The same view, larger where its text is small; as it is where that gains nothing."""
        if seen.frame.scale >= ENOUGH:
            return seen
        places = seen.frame.to_image(_small_text(seen.text))
        budget = self.max_total_pixels - seen.text.size
        while len(places) and scale >= WORTH * seen.frame.scale:
            frame = ViewTransform.enclosing(ground, scale=scale, angle=seen.frame.angle)
            tiles = cut(frame.width, frame.height, self.max_pixels)
            near = {tile for tile in tiles if _meets_any(tile, frame.to_view(places))}
            work = sum(tile.pixels for tile in near)
            if work <= budget:
                return self._merged(seen, frame, tiles, near)
            scale *= 0.98 * math.sqrt(budget / work)
        return seen

    def _merged(
        self, seen: _Seen, frame: ViewTransform, tiles: Sequence[Tile], near: Set[Tile]
    ) -> _Seen:
        """A larger view, looked at in the tiles ``near``, elsewhere as it was seen before."""
        text = np.zeros((frame.height, frame.width), np.uint8)
        for tile in tiles:
            window = _window(frame, tile)
            found = self._text_of(frame, tile) if tile in near else None
            if found is None or found.max() <= LEVELS[0] * CERTAIN:
                found = _enlarged(seen, window)
            _paste(text, tile, found)
        return _Seen(frame, text)

    def _text_of(self, frame: ViewTransform, tile: Tile) -> ProbabilityMap:
        self.deadline.check()
        return text_map(self.session, _window(frame, tile).render(self.pixels))


def choose_scale(far: _Seen) -> float:
    """The scale at which the text of a view from afar wants to be seen; its own is enough."""
    scale = far.frame.scale
    heights = heights_of_map(far.text, FAINT)
    if scale >= TRUSTED and heights and min(heights) >= PLAIN:
        return scale
    if scale >= TELLING and len(heights) >= MANY:
        return max(WORTH, SEEN_HIGH / float(np.percentile(heights, 10))) * scale
    return MAX_SCALE


def _small_text(text: ProbabilityMap) -> Points:
    """The corners (4 N, 2), in pixels of the map, of what may be small text."""
    traces = [trace for trace in traces_of_map(text, TRACE) if shorter_side(trace) < SMALL]
    return np.array(traces).reshape(-1, 2)


def merge_coarse_detections(near: Sequence[Box], far: Sequence[Box], large: float) -> list[Box]:
    """The boxes seen from near, and from afar those of large text that lie where none is.

    Args:
        near: boxes.
        far: boxes; if there are none near, all of them count, whatever their size.
        large: pixels of the picture that a box must be high, and wide.
    """
    boxes, places = list(near), BoundsIndex([box.corners for box in near])
    for box in far:
        if not near or shorter_side(box.corners) >= large:
            met = [near[index].corners for index in places.overlapping(box.corners)]
            covered = sum(shared_area(box.corners, corners) for corners in met)
            if covered <= COVERED * box.area:
                boxes.append(box)
    return boxes


def _boxes(seen: _Seen) -> list[Box]:
    return [Box(seen.frame.to_image(corners), score) for corners, score in boxes_of_map(seen.text)]


def _window(frame: ViewTransform, tile: Tile) -> ViewTransform:
    return frame.crop(
        tile.columns[0],
        tile.rows[0],
        tile.columns[1] - tile.columns[0],
        tile.rows[1] - tile.rows[0],
    )


def _paste(text: ProbabilityMap, tile: Tile, found: ProbabilityMap) -> None:
    """Puts what counts of a tile where it belongs."""
    rows, columns = slice(*tile.core_rows), slice(*tile.core_columns)
    top, left = tile.rows[0], tile.columns[0]
    text[rows, columns] = found[
        rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
    ]


def _meets_any(tile: Tile, places: Points) -> bool:
    """Whether what counts of a tile meets any of the places, each given by four corners."""
    quads = places.reshape(-1, 4, 2)
    (left, top), (right, bottom) = quads.min(axis=1).T, quads.max(axis=1).T
    meets = (tile.core_columns[0] < right) & (left < tile.core_columns[1])
    meets &= (tile.core_rows[0] < bottom) & (top < tile.core_rows[1])
    return bool(meets.any())


def _enlarged(seen: _Seen, window: ViewTransform) -> ProbabilityMap:
    """What was seen of a window's place, at the window's size."""
    factor = seen.frame.scale / window.scale
    shift = seen.frame.to_view(window.to_image(np.zeros((1, 2))))[0]
    text = cv2.warpAffine(
        seen.text,
        np.array([[factor, 0.0, shift[0]], [0.0, factor, shift[1]]]),
        (window.width, window.height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    return np.asarray(text, dtype=np.uint8)
