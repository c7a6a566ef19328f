"""Recognize the text of a detected box and find the direction in which it reads.

The values of the constants were measured: docs/engine-notes/recognition-and-runtime.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from web_image_ocr.engine.geometry import Box, Points, rotate_quad_90
from web_image_ocr.engine.recognition.crops import crop_line, split_long_line
from web_image_ocr.engine.recognition.decoder import DecodedText, Decoder, merge_segments
from web_image_ocr.engine.runtime.session import Session, to_tensor
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.pixels import Pixels

# Clockwise quarter turns from the view's rows to the direction of a text.
UPRIGHT, ROTATED_90, ROTATED_180, ROTATED_270 = 0, 1, 2, 3

# Height / width from which a box is first tried as a column or a rotated line, as in PP-OCR.
VERTICAL_ASPECT_RATIO = 1.5
# Height / width from which a box read as one character may be a column of two.
COLUMN_ASPECT_RATIO = 1.25
# Mean confidence that ends the search for a better direction.
HIGH_CONFIDENCE = 0.9
# Mean confidence below which a line is also tried upside down; more would harm upright images.
LOW_CONFIDENCE = 0.7
# Characters. Ornaments read as one or two confident characters; a longer text proves itself.
SHORT_TEXT_LENGTH = 2
MIN_SHORT_TEXT_CONFIDENCE = 0.9
# Degrees from the page's direction. Text along a side is taken to run downwards, as columns do.
_MIN_RELATIVE_DIRECTION = -60.0


@dataclass(frozen=True, slots=True)
class RecognizedLine:
    """Hold the text of one line and its place.

    Attributes:
        decoded: text and confidences.
        corners: (4, 2), clockwise from the text's own top left, pixels of the image.
    """

    decoded: DecodedText
    corners: Points


@dataclass(frozen=True, slots=True)
class LineRecognizer:
    """Recognize single lines: crop, run the model, decode.

    Each line is one run at its own width, so its text does not depend on other lines.

    Attributes:
        session: the recognition model.
        decoder: turns its probabilities into text.
        deadline: checked before each run.
    """

    session: Session
    decoder: Decoder
    deadline: Deadline = field(default_factory=Deadline.never)

    def recognize_box(self, pixels: Pixels, box: Box) -> RecognizedLine:
        """Return the most confident text among the directions that the box's shape allows."""
        if box.height < VERTICAL_ASPECT_RATIO * box.width:
            return self._recognize_horizontal(pixels, box)
        candidates = []
        for turns in (ROTATED_90, UPRIGHT, ROTATED_270):
            candidate = self.recognize(pixels, rotate_quad_90(box.corners, turns))
            if candidate.decoded.mean_confidence >= HIGH_CONFIDENCE:
                return candidate
            candidates.append(candidate)
        return max(candidates, key=_mean_confidence)

    def _recognize_horizontal(self, pixels: Pixels, box: Box) -> RecognizedLine:
        upright = self.recognize(pixels, box.corners)
        if len(upright.decoded.text) == 1 and box.height >= COLUMN_ASPECT_RATIO * box.width:
            column = self.recognize(pixels, rotate_quad_90(box.corners, ROTATED_90))
            if _is_confident(column, min_length=2):
                return column
        if upright.decoded.mean_confidence >= LOW_CONFIDENCE:
            return upright
        flipped = self.recognize(pixels, rotate_quad_90(box.corners, ROTATED_180))
        return flipped if _is_confident(flipped, min_length=SHORT_TEXT_LENGTH + 1) else upright

    def recognize_skewed(self, pixels: Pixels, box: Box, angle: float) -> RecognizedLine:
        """Return the text along the long side of a box that is not parallel to the page's text.

        It is read from the end where the text of a page at ``angle`` (degrees clockwise) would
        begin; without high confidence also from the other end, and the better text is returned.
        """
        facing = box.along_long_side()
        is_reversed = (facing.direction - angle - _MIN_RELATIVE_DIRECTION) % 360.0 >= 180.0
        corners = rotate_quad_90(facing.corners, ROTATED_180 if is_reversed else UPRIGHT)
        first = self.recognize(pixels, corners)
        if first.decoded.mean_confidence >= HIGH_CONFIDENCE:
            return first
        other = self.recognize(pixels, rotate_quad_90(corners, ROTATED_180))
        return max(first, other, key=_mean_confidence)

    def recognize_either_way(self, pixels: Pixels, corners: Points) -> RecognizedLine | None:
        """Return the more confident text of a quad and its reverse; None if it proves nothing."""
        ways = [rotate_quad_90(corners, turns) for turns in (UPRIGHT, ROTATED_180)]
        best = max((self.recognize(pixels, way) for way in ways), key=_mean_confidence)
        return best if _is_confident(best, min_length=SHORT_TEXT_LENGTH + 1) else None

    def recognize(self, pixels: Pixels, corners: Points) -> RecognizedLine:
        """Return the text along the first edge of a quad (4, 2), clockwise, pixels of the image.

        Raises:
            ServiceError: ``DEADLINE_EXCEEDED``.
        """
        segments = []
        for segment, ends_word in split_long_line(crop_line(pixels, corners)):
            self.deadline.check()
            probabilities = self.session.run(to_tensor(segment))[0]
            segments.append((self.decoder.decode(probabilities), ends_word))
        return RecognizedLine(merge_segments(segments), corners)


def is_plausible(decoded: DecodedText, min_mean_confidence: float) -> bool:
    """Return whether a text is confident enough, for its length, to be text at all."""
    if len(decoded.text) <= SHORT_TEXT_LENGTH:
        min_mean_confidence = max(min_mean_confidence, MIN_SHORT_TEXT_CONFIDENCE)
    return bool(decoded.text) and decoded.mean_confidence >= min_mean_confidence


def _mean_confidence(line: RecognizedLine) -> float:
    return line.decoded.mean_confidence


def _is_confident(line: RecognizedLine, *, min_length: int) -> bool:
    decoded = line.decoded
    return decoded.mean_confidence >= HIGH_CONFIDENCE and len(decoded.text) >= min_length
