"""Which way a box reads, and what it says that way."""

from __future__ import annotations

from dataclasses import dataclass, field

from web_image_ocr.engine.geometry import Box, Points, rotate_quad_90
from web_image_ocr.engine.recognition.crops import cut_line, pieces
from web_image_ocr.engine.recognition.decoder import Decoder, Reading, joined
from web_image_ocr.engine.runtime.session import Session
from web_image_ocr.engine.runtime.tensors import to_tensor
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.pixels import Pixels

# Quarter turns, clockwise, by which the text of a box is turned against the view.
AS_IS, DOWNWARDS, UPSIDE_DOWN, UPWARDS = 0, 1, 2, 3

# From this ratio of height to width on, a box is first taken for a column or a turned line;
# PP-OCR draws the same line. A lone narrow glyph ("1", "!") is then seen by its clarity.
TALL = 1.5
# From this ratio on, what reads as one character may be a column of two. Word F on two shop
# signs .925 -> .941; nothing changed on six other sets and on 28 words drawn in columns.
TALLISH = 1.25
# A reading of at least this clarity ends the search for a better direction.
SURE = 0.9
# A line is believed to be upside down only when it is unreadable as it stands and reads
# clearly the other way; a weaker rule harms upright pictures. (.6 or .7: the same word F within
# .001 on shop pictures, receipts, born-digital, forms and street scenes.) One or two
# characters are no witness: with them, word F of street scenes falls by .002, of forms by .001.
UNREADABLE = 0.7
# Ornaments are read as one or two sure-looking characters; a longer text is its own witness.
# Word F on born-digital pictures .925 -> .928, on shop pictures .903 -> .907.
SHORT = 2
SHORT_CLARITY = 0.9
# Text askew on a page runs to the right of it: from this many degrees to 180 more, clockwise. So
# what runs along a side is taken to run downwards, as columns do.
_LEAST_FACING = -60.0


@dataclass(frozen=True, slots=True)
class OrientedReading:
    """A reading and where it begins.

    Attributes:
        reading: what it says.
        corners: (4, 2), clockwise from the text's own top left, pixels of the picture.
    """

    reading: Reading
    corners: Points


@dataclass(frozen=True, slots=True)
class Reader:
    """The recogniser with its decoder.

    Lines are run one by one at their own width: no padding is computed, and a line's
    reading depends on nothing but itself. (Four lines in one batch take as long as four runs.)
    """

    session: Session
    decoder: Decoder
    deadline: Deadline = field(default_factory=Deadline.never)  # looked at before each run

    def read_box(self, pixels: Pixels, box: Box) -> OrientedReading:
        """The best reading of a box over the directions that its shape allows."""
        if box.height < TALL * box.width:
            first = self.read(pixels, box.corners)
            if len(first.reading.text) == 1 and box.height >= TALLISH * box.width:
                column = self.read(pixels, rotate_quad_90(box.corners, DOWNWARDS))
                if column.reading.clarity >= SURE and len(column.reading.text) > 1:
                    return column
            if first.reading.clarity >= UNREADABLE:
                return first
            turned = self.read(pixels, rotate_quad_90(box.corners, UPSIDE_DOWN))
            told = turned.reading.clarity >= SURE and len(turned.reading.text) > SHORT
            return turned if told else first
        best: OrientedReading | None = None
        for turns in (DOWNWARDS, AS_IS, UPWARDS):
            tried = self.read(pixels, rotate_quad_90(box.corners, turns))
            if tried.reading.clarity >= SURE:
                return tried
            if best is None or tried.reading.clarity > best.reading.clarity:
                best = tried
        assert best is not None  # noqa: S101 - the loop ran
        return best

    def read_askew(self, pixels: Pixels, box: Box, angle: float) -> OrientedReading:
        """A box read along its long side, from the end where a page turned by ``angle`` begins.

        What is not clear that way is also read from the other end; the clearer reading counts.
        """
        facing = box.along_long_side()
        against = (facing.direction - angle - _LEAST_FACING) % 360.0 >= 180.0
        corners = rotate_quad_90(facing.corners, UPSIDE_DOWN if against else AS_IS)
        first = self.read(pixels, corners)
        if first.reading.clarity >= SURE:
            return first
        other = self.read(pixels, rotate_quad_90(corners, UPSIDE_DOWN))
        return max(first, other, key=lambda found: found.reading.clarity)

    def read(self, pixels: Pixels, corners: Points) -> OrientedReading:
        """What a quad says along its first edge."""
        parts = []
        for piece, word_ends in pieces(cut_line(pixels, corners)):
            self.deadline.check()
            parts.append((self.decoder.read(self.session.run(to_tensor(piece))[0]), word_ends))
        return OrientedReading(joined(parts), corners)


def believable(reading: Reading, min_clarity: float) -> bool:
    """Whether a reading is clear enough, for its length, to be text."""
    if len(reading.text) <= SHORT:
        min_clarity = max(min_clarity, SHORT_CLARITY)
    return bool(reading.text) and reading.clarity >= min_clarity
