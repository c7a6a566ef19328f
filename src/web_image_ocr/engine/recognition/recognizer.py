"""Which way a box reads, and what it says that way."""

from __future__ import annotations

from dataclasses import dataclass, field

from web_image_ocr.engine.geometry import Box, Points, rotate_quad_90
from web_image_ocr.engine.recognition.crops import crop_line, split_long_line
from web_image_ocr.engine.recognition.decoder import DecodedText, Decoder, merge_segments
from web_image_ocr.engine.runtime.session import Session, to_tensor
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.pixels import Pixels

# Quarter turns, clockwise, by which the text of a box is turned against the view.
UPRIGHT, ROTATED_90, ROTATED_180, ROTATED_270 = 0, 1, 2, 3

# From this ratio of height to width on, a box is first taken for a column or a turned line;
# PP-OCR draws the same line. A lone narrow glyph ("1", "!") is then seen by its mean_confidence.
VERTICAL_ASPECT_RATIO = 1.5
# From this ratio on, what reads as one character may be a column of two. Word F on two shop
# signs .925 -> .941; nothing changed on six other sets and on 28 words drawn in columns.
COLUMN_ASPECT_RATIO = 1.25
# A reading of at least this mean_confidence ends the search for a better direction.
HIGH_CONFIDENCE = 0.9
# A line is believed to be upside down only when it is unreadable as it stands and reads
# clearly the other way; a weaker rule harms upright pictures. (.6 or .7: the same word F within
# .001 on shop pictures, receipts, born-digital, forms and street scenes.) One or two
# characters are no witness: with them, word F of street scenes falls by .002, of forms by .001.
LOW_CONFIDENCE = 0.7
# Ornaments are read as one or two sure-looking characters; a longer text is its own witness.
# Word F on born-digital pictures .925 -> .928, on shop pictures .903 -> .907.
SHORT_TEXT_LENGTH = 2
MIN_SHORT_TEXT_CONFIDENCE = 0.9
# Text askew on a page runs to the right of it: from this many degrees to 180 more, clockwise. So
# what runs along a side is taken to run downwards, as columns do.
_LEAST_FACING = -60.0


@dataclass(frozen=True, slots=True)
class RecognizedLine:
    """A reading and where it begins.

    Attributes:
        decoded: what it says.
        corners: (4, 2), clockwise from the text's own top left, pixels of the picture.
    """

    decoded: DecodedText
    corners: Points


@dataclass(frozen=True, slots=True)
class LineRecognizer:
    """The recogniser with its decoder.

    Lines are run one by one at their own width: no padding is computed, and a line's
    reading depends on nothing but itself. (Four lines in one batch take as long as four runs.)
    """

    session: Session
    decoder: Decoder
    deadline: Deadline = field(default_factory=Deadline.never)  # looked at before each run

    def recognize_box(self, pixels: Pixels, box: Box) -> RecognizedLine:
        """The best reading of a box over the directions that its shape allows."""
        if box.height < VERTICAL_ASPECT_RATIO * box.width:
            first = self.recognize(pixels, box.corners)
            if len(first.decoded.text) == 1 and box.height >= COLUMN_ASPECT_RATIO * box.width:
                column = self.recognize(pixels, rotate_quad_90(box.corners, ROTATED_90))
                if (
                    column.decoded.mean_confidence >= HIGH_CONFIDENCE
                    and len(column.decoded.text) > 1
                ):
                    return column
            if first.decoded.mean_confidence >= LOW_CONFIDENCE:
                return first
            turned = self.recognize(pixels, rotate_quad_90(box.corners, ROTATED_180))
            told = (
                turned.decoded.mean_confidence >= HIGH_CONFIDENCE
                and len(turned.decoded.text) > SHORT_TEXT_LENGTH
            )
            return turned if told else first
        best: RecognizedLine | None = None
        for turns in (ROTATED_90, UPRIGHT, ROTATED_270):
            tried = self.recognize(pixels, rotate_quad_90(box.corners, turns))
            if tried.decoded.mean_confidence >= HIGH_CONFIDENCE:
                return tried
            if best is None or tried.decoded.mean_confidence > best.decoded.mean_confidence:
                best = tried
        assert best is not None  # noqa: S101 - the loop ran
        return best

    def recognize_skewed(self, pixels: Pixels, box: Box, angle: float) -> RecognizedLine:
        """A box read along its long side, from the end where a page turned by ``angle`` begins.

        What is not clear that way is also read from the other end; the clearer reading counts.
        """
        facing = box.along_long_side()
        against = (facing.direction - angle - _LEAST_FACING) % 360.0 >= 180.0
        corners = rotate_quad_90(facing.corners, ROTATED_180 if against else UPRIGHT)
        first = self.recognize(pixels, corners)
        if first.decoded.mean_confidence >= HIGH_CONFIDENCE:
            return first
        other = self.recognize(pixels, rotate_quad_90(corners, ROTATED_180))
        return max(first, other, key=lambda found: found.decoded.mean_confidence)

    def recognize(self, pixels: Pixels, corners: Points) -> RecognizedLine:
        """What a quad says along its first edge."""
        parts = []
        for piece, word_ends in split_long_line(crop_line(pixels, corners)):
            self.deadline.check()
            parts.append((self.decoder.decode(self.session.run(to_tensor(piece))[0]), word_ends))
        return RecognizedLine(merge_segments(parts), corners)


def is_plausible(decoded: DecodedText, min_mean_confidence: float) -> bool:
    """Whether a reading is clear enough, for its length, to be text."""
    if len(decoded.text) <= SHORT_TEXT_LENGTH:
        min_mean_confidence = max(min_mean_confidence, MIN_SHORT_TEXT_CONFIDENCE)
    return bool(decoded.text) and decoded.mean_confidence >= min_mean_confidence
