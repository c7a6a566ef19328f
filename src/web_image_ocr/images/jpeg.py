"""The outline of a JPEG file: its markers, without decoding anything.

Markers: ITU-T T.81, annex B.
"""

from __future__ import annotations

import re
import struct
from collections import defaultdict
from dataclasses import dataclass, field

MAX_PASSES = 36
"""Passes over the picture that a file may cost. Each scan visits every block, so a small file
of many scans can keep a decoder busy for hours. libjpeg writes 10 scans for a progressive
picture in colour and 18 for CMYK. Tried on one grey of 8,192 x 8,192 pixels, on a busy
machine of two cores: 36 passes take 6 s."""

MAX_MARKERS = 4096
"""Markers looked at; pictures have some dozens. Pillow walks over them in Python, too: a file of
1,500,000 empty comments took 4 s."""

FOREIGN = (bytes(range(1, 255)) * 2, bytes(range(254, 0, -1)) * 2)
"""What is put where a file without its end marker ends, to see whether pixel data is missing:
bytes that decode to something wherever pixel data may stand. Two kinds, several
hundred bytes each: tried on 55,000 cuts of small files of every kind, fewer or more regular
bytes sometimes decoded to what libjpeg puts in place of missing data. With these, five
cuts went unnoticed, each of the last byte or two, 10 levels at most in one block."""

_END = 0xD9
_SCAN = 0xDA
_EXIF = 0xE1
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_ODD_FRAMES = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Lossless, hierarchical and arithmetic coding, which browsers do not show either.
With arithmetic coding, time is not bounded by the size of the file: a pixel may cost much
less than a bit."""
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_MARKER = re.compile(rb"\xff([^\x00\xff])")
_MARKER_AFTER_SCAN = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_EXIF_HEADER = b"Exif\0\0"
_ALL_COEFFICIENTS = frozenset(range(64))


@dataclass(slots=True)
class JpegOutline:
    """What the markers of the first picture of a JPEG file say.

    Attributes:
        width: pixels, as stored.
        height: pixels, as stored.
        components: component numbers named by the frame.
        sampling: samples of each component, across and down, in the smallest unit of the frame.
        exif: the EXIF data from its byte order mark on, empty if there is none.
        ended: the end marker is there.
        scans: how many scans begin.
        scan_offset: where the data of the last scan begins.
        coefficients: per component, which of its 64 coefficients were announced to
            their last bit by the scans seen.
    """

    width: int = 0
    height: int = 0
    components: tuple[int, ...] = ()
    sampling: tuple[tuple[int, int], ...] = ()
    exif: bytes = b""
    ended: bool = False
    scans: int = 0
    scan_offset: int = 0
    coefficients: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))

    @property
    def passes(self) -> int:
        """How often decoding the file visits every block of the picture."""
        return self.scans if self.ended else self.scans * (1 + len(FOREIGN))

    @property
    def coefficient_bytes(self) -> int:
        """What a decoder holds until the last of several scans: two bytes for each sample."""
        across = max((horizontal for horizontal, _ in self.sampling), default=0) or 1
        down = max((vertical for _, vertical in self.sampling), default=0) or 1
        samples = sum(horizontal * vertical for horizontal, vertical in self.sampling)
        return 2 * self.width * self.height * samples // (across * down)

    @property
    def all_scans_begun(self) -> bool:
        """Whether the scans announced hold every coefficient of every component."""
        return bool(self.components) and all(
            self.coefficients[component] == _ALL_COEFFICIENTS for component in self.components
        )

    def next_restart(self, data: bytes) -> bytes:
        """The restart marker that is due after the last one in the last scan."""
        places = {data.rfind(bytes((0xFF, 0xD0 + n)), self.scan_offset): n for n in range(8)}
        place = max(places)
        due = 0 if place < 0 else (places[place] + 1) % 8
        return bytes((0xFF, 0xD0 + due))


def outline(data: bytes) -> JpegOutline:
    """The outline of the first picture in ``data``, which begins with a start marker.

    Raises:
        struct.error: a segment that is needed is cut short, the coding is not Huffman's, or
            there are too many markers.
    """
    found = JpegOutline()
    position = 2
    pattern = _MARKER
    markers = 0
    while match := pattern.search(data, position):
        markers += 1
        if markers > MAX_MARKERS:
            raise struct.error("too many markers")
        marker = match[1][0]
        position = match.end()
        pattern = _MARKER
        if marker in _WITHOUT_LENGTH:
            continue
        if marker == _END:
            found.ended = True
            break
        if position + 2 > len(data):
            break
        (length,) = struct.unpack_from(">H", data, position)
        segment = data[position + 2 : position + length]
        position += length
        if marker in _FRAMES and not found.components:
            _read_frame(segment, found)
        elif marker in _ODD_FRAMES:
            raise struct.error("lossless, hierarchical or arithmetic coding")
        elif marker == _EXIF and not found.exif and segment.startswith(_EXIF_HEADER):
            found.exif = segment[len(_EXIF_HEADER) :]
        elif marker == _SCAN:
            _read_scan(segment, found)
            found.scan_offset = position
            pattern = _MARKER_AFTER_SCAN
            if found.scans > MAX_PASSES:
                break
    return found


def _read_frame(segment: bytes, found: JpegOutline) -> None:
    _, found.height, found.width, count = struct.unpack_from(">BHHB", segment)
    found.components = tuple(segment[6 : 6 + 3 * count : 3])
    found.sampling = tuple((both >> 4, both & 0x0F) for both in segment[7 : 6 + 3 * count : 3])


def _read_scan(segment: bytes, found: JpegOutline) -> None:
    if not segment:
        return
    found.scans += 1
    count = segment[0]
    parameters = segment[1 + 2 * count : 4 + 2 * count]
    if len(parameters) < 3:
        return
    first, last, approximation = parameters
    bits_left = approximation & 0x0F
    if bits_left:
        return
    for component in segment[1 : 1 + 2 * count : 2]:
        found.coefficients[component].update(range(first, min(last, 63) + 1))
