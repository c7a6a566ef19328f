"""Detect text at several scales: a coarse pass, a fine pass, and tiles where text is small.

1. The coarse pass runs on the whole area, downscaled.
2. If that shows small text, or may have missed some, the fine pass runs at the scale that the
   text needs and one detector run allows.
3. Where text is small even then, the tiles that contain it run again at a higher scale, within
   a limit on the pixels of all passes.

Steps 2 and 3 share one probability map, so that a line across several tiles is one line. Large
letters can fall apart at a high scale: those that only the coarser pass shows are added.
"""

from __future__ import annotations

import math
from collections.abc import Sequence, Set
from dataclasses import dataclass

import cv2
import numpy as np

from web_image_ocr.engine.detection.detector import (
    CERTAIN,
    THRESHOLDS,
    ProbabilityMap,
    extend_to_border,
    find_boxes,
    find_contours,
    find_faint_boxes,
    run_detector,
    text_heights,
)
from web_image_ocr.engine.detection.tiles import Tile, split_into_tiles
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
    intersection_area,
    rotated_size,
    shorter_side,
)
from web_image_ocr.engine.runtime.session import Session
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.pixels import Pixels

# Heights are in pixels of the view, scales in view pixels per image pixel.
# Measurements: docs/engine-notes/detection-and-layout.md

COARSE_SCALE_RATIO = 0.5  # of the fine scale; at this distance large letters hold together
MIN_FINE_SCALE = 0.5  # however large the image: smaller text leaves no trace in the map

# The coarse pass suffices where it runs at this scale and all its text is this high.
MIN_COARSE_ONLY_SCALE = 0.4
MIN_COARSE_ONLY_HEIGHT_PX = 20.0
FAINT_PROBABILITY = 0.05  # from here on a region counts as text in that decision

# On a page of this many lines, the lowest tenth of their heights decides the scale.
MIN_LINES_FOR_TARGET = 20
TARGET_TEXT_HEIGHT_PX = 20.0
MIN_TARGET_SCALE = 0.3  # of the coarse pass; at a smaller one it misses the lowest tenth

SMALL_TEXT_HEIGHT_PX = 16.0  # text below this height is detected again at a higher scale,
MIN_TRACE_PROBABILITY = 0.1  # faint traces included,
SUFFICIENT_SCALE = 0.83  # unless the fine pass ran at this scale: a higher one gains nothing
MIN_SCALE_GAIN = 1.2  # factor below which another pass is not worth its time

MIN_COARSE_BOX_HEIGHT_PX = 12.0  # smaller boxes of the coarse pass are often wrong
MAX_COVERED_SHARE = 0.2  # of a coarse box's area by fine boxes, or it is the same text

# Of all passes over an image, without overlap: about 30 s of one core at 2.8 GHz, half the default
# deadline. Maps and masks take 3 bytes per pixel.
MAX_TOTAL_PIXELS = 32_000_000


@dataclass(frozen=True, slots=True)
class DetectionPass:
    """Hold a view and its probability map."""

    view: ViewTransform
    probabilities: ProbabilityMap

    def boxes(self) -> list[Box]:
        """Return the boxes of the map in image pixels."""
        found = find_boxes(self.probabilities)
        return [Box(self.view.to_image(corners), score) for corners, score in found]


@dataclass(frozen=True, slots=True)
class Detections:
    """Hold detected text in no particular order, in image pixels.

    Attributes:
        boxes: of straight lines.
        regions: the contour (N, 2) of each region, of any shape.
    """

    boxes: list[Box]
    regions: list[Points]


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiScaleDetector:
    """Detect the text of one image.

    Attributes:
        session: of the detection model.
        pixels: the image.
        max_pixels: of one detector input, at least 512 x 512.
        deadline: checked before each detector run.
        max_total_pixels: of all passes of one ``detect``, without overlap.
    """

    session: Session
    pixels: Pixels
    max_pixels: int
    deadline: Deadline
    max_total_pixels: int = MAX_TOTAL_PIXELS

    def detect(self, area: Points, angle: float = 0.0) -> Detections:
        """Return the text in an area of the image.

        Args:
            area: (N, 2) in image pixels; the detector covers their bounding rectangle along the
                text.
            angle: clockwise rotation of the text in degrees.
        """
        size = rotated_size(area, angle)
        scale = max(
            max_view_scale(*size, self.max_pixels),
            min(MIN_FINE_SCALE, max_tiled_scale(*size, self.max_total_pixels // 2)),
        )
        coarse = self._run(area, COARSE_SCALE_RATIO * scale, angle)
        wanted = choose_scale(coarse)
        if wanted == coarse.view.scale:
            fine, boxes = coarse, coarse.boxes()
        else:
            first = self._run(area, min(wanted, scale), angle)
            max_scale = min(wanted, max_tiled_scale(*size, self.max_total_pixels))
            fine = self._refine_small_text(first, area, max_scale)
            coarse = coarse if fine is first else first
            min_height = MIN_COARSE_BOX_HEIGHT_PX / coarse.view.scale
            boxes = merge_coarse_detections(fine.boxes(), coarse.boxes(), min_height)
        height, width = self.pixels.shape[:2]
        return Detections(
            boxes=[extend_to_border(box, width, height) for box in boxes],
            regions=[fine.view.to_image(region) for region in find_contours(fine.probabilities)],
        )

    def probability_map(self, view: ViewTransform) -> ProbabilityMap:
        """Return the probability map of a view of any size."""
        probabilities = np.zeros((view.height, view.width), np.uint8)
        for tile in split_into_tiles(view.width, view.height, self.max_pixels):
            _paste_core(probabilities, tile, self._run_tile(view, tile))
        return probabilities

    def _run(self, area: Points, scale: float, angle: float) -> DetectionPass:
        view = ViewTransform.enclosing(area, scale=scale, angle=angle)
        return DetectionPass(view, self.probability_map(view))

    def _refine_small_text(self, first: DetectionPass, area: Points, scale: float) -> DetectionPass:
        """Return the pass at a higher scale where its text is small, or itself without a gain."""
        if first.view.scale >= SUFFICIENT_SCALE:
            return first
        small = first.view.to_image(_small_text(first.probabilities))
        budget = self.max_total_pixels - first.probabilities.size
        while len(small) and scale >= MIN_SCALE_GAIN * first.view.scale:
            view = ViewTransform.enclosing(area, scale=scale, angle=first.view.angle)
            tiles = split_into_tiles(view.width, view.height, self.max_pixels)
            to_run = {tile for tile in tiles if _overlaps_any(tile, view.to_view(small))}
            cost = sum(tile.pixels for tile in to_run)
            if cost <= budget:
                return self._run_tiles(first, view, tiles, to_run)
            scale *= 0.98 * math.sqrt(budget / cost)
        return first

    def _run_tiles(
        self, first: DetectionPass, view: ViewTransform, tiles: Sequence[Tile], to_run: Set[Tile]
    ) -> DetectionPass:
        """Return the pass of a larger view; tiles not run, or empty, come from the first pass."""
        probabilities = np.zeros((view.height, view.width), np.uint8)
        for tile in tiles:
            found = self._run_tile(view, tile) if tile in to_run else None
            if found is None or found.max() <= THRESHOLDS[0] * CERTAIN:
                found = _resample(first, view.crop(tile.columns, tile.rows))
            _paste_core(probabilities, tile, found)
        return DetectionPass(view, probabilities)

    def _run_tile(self, view: ViewTransform, tile: Tile) -> ProbabilityMap:
        self.deadline.check()
        return run_detector(self.session, view.crop(tile.columns, tile.rows).render(self.pixels))


def choose_scale(coarse: DetectionPass) -> float:
    """Return the scale that the text of a coarse pass needs, which may be its own."""
    scale = coarse.view.scale
    heights = text_heights(coarse.probabilities, FAINT_PROBABILITY)
    if scale >= MIN_COARSE_ONLY_SCALE and heights and min(heights) >= MIN_COARSE_ONLY_HEIGHT_PX:
        return scale
    if scale >= MIN_TARGET_SCALE and len(heights) >= MIN_LINES_FOR_TARGET:
        lowest_tenth = float(np.percentile(heights, 10))
        return max(MIN_SCALE_GAIN, TARGET_TEXT_HEIGHT_PX / lowest_tenth) * scale
    return MAX_SCALE


def merge_coarse_detections(
    fine: Sequence[Box], coarse: Sequence[Box], min_height: float
) -> list[Box]:
    """Return the fine boxes, and the coarse boxes of large text that no fine box covers.

    Args:
        fine: boxes of the fine pass.
        coarse: boxes of the coarse pass; without fine boxes, all of them are taken.
        min_height: minimum shorter side of a coarse box in image pixels.
    """
    boxes, index = list(fine), BoundsIndex([box.corners for box in fine])
    for box in coarse:
        if not fine or shorter_side(box.corners) >= min_height:
            overlapping = [fine[i].corners for i in index.overlapping(box.corners)]
            covered = sum(intersection_area(box.corners, corners) for corners in overlapping)
            if covered <= MAX_COVERED_SHARE * box.area:
                boxes.append(box)
    return boxes


def _small_text(probabilities: ProbabilityMap) -> Points:
    """Return the corners (4 N, 2) in map pixels of what may be small text."""
    boxes = find_faint_boxes(probabilities, MIN_TRACE_PROBABILITY)
    small = [box for box in boxes if shorter_side(box) < SMALL_TEXT_HEIGHT_PX]
    return np.array(small).reshape(-1, 2)


def _paste_core(probabilities: ProbabilityMap, tile: Tile, found: ProbabilityMap) -> None:
    """Copy the core of a tile's map into the map of the view."""
    rows, columns = slice(*tile.core_rows), slice(*tile.core_columns)
    top, left = tile.rows[0], tile.columns[0]
    probabilities[rows, columns] = found[
        rows.start - top : rows.stop - top, columns.start - left : columns.stop - left
    ]


def _overlaps_any(tile: Tile, corners: Points) -> bool:
    """Return whether a tile's core overlaps the bounds of any quad; corners are (4 N, 2)."""
    quads = corners.reshape(-1, 4, 2)
    (left, top), (right, bottom) = quads.min(axis=1).T, quads.max(axis=1).T
    overlaps = (tile.core_columns[0] < right) & (left < tile.core_columns[1])
    overlaps &= (tile.core_rows[0] < bottom) & (top < tile.core_rows[1])
    return bool(overlaps.any())


def _resample(first: DetectionPass, window: ViewTransform) -> ProbabilityMap:
    """Return the part of a pass that a window covers, at the window's size."""
    factor = first.view.scale / window.scale
    shift = first.view.to_view(window.to_image(np.zeros((1, 2))))[0]
    resampled = cv2.warpAffine(
        first.probabilities,
        np.array([[factor, 0.0, shift[0]], [0.0, factor, shift[1]]]),
        (window.width, window.height),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
    )
    return np.asarray(resampled, dtype=np.uint8)
