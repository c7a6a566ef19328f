"""Read JPEG files: parse the markers, refuse truncated data, decode with Pillow.

Markers: ITU-T T.81, annex B.
"""

from __future__ import annotations

import hashlib
import re
import struct
from collections import defaultdict
from dataclasses import dataclass, field

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from web_image_ocr.images.codecs.pillow import load
from web_image_ocr.images.codecs.tiff import read_orientation
from web_image_ocr.images.formats import Header, ImageFormat
from web_image_ocr.images.rgb import rgb_pixels, strips
from web_image_ocr.primitives.pixels import Pixels

MAX_PASSES = 36
"""Passes over all blocks that one file may cost. Each scan is one pass, so a small file with many
scans could keep a decoder busy for hours. 36 passes over 8192 x 8192 pixels take about 6 s;
libjpeg writes 10 scans for a progressive color image, 18 for CMYK."""

_MAX_MARKERS = 4096
"""Markers parsed; images have a few dozen. Pillow parses them in Python, too: a file with
1,500,000 empty comments took 4 s."""

_PROBES = (bytes(range(1, 255)) * 2, bytes(range(254, 0, -1)) * 2)
"""Bytes appended to a file without end marker to detect missing pixel data: they decode to
something wherever pixel data may stand. Shorter or more regular probes sometimes decoded to what
libjpeg fills in for missing data (tested on 55,000 truncated files)."""

_END = 0xD9
_END_MARKER = b"\xff\xd9"
_SCAN = 0xDA
_EXIF = 0xE1
_FRAMES = frozenset({0xC0, 0xC1, 0xC2})
_UNSUPPORTED_FRAMES = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Lossless, hierarchical and arithmetic coding, which browsers do not support either. With
arithmetic coding a pixel may cost much less than a bit, so file size does not bound time."""
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_MARKER = re.compile(rb"\xff([^\x00\xff])")
_MARKER_AFTER_SCAN = re.compile(rb"\xff([^\x00\xff\xd0-\xd7])")
_EXIF_HEADER = b"Exif\0\0"
_ALL_COEFFICIENTS = frozenset(range(64))


def read_header(data: bytes) -> Header:
    """Return size and EXIF orientation, and the coefficient buffer as ``extra_bytes``."""
    markers = _parse_markers(data)
    if not (markers.width and markers.height and markers.scans):
        raise struct.error("no frame or no scan")
    if markers.passes > MAX_PASSES:
        raise struct.error("too many scans")
    return Header(
        format=ImageFormat.JPEG,
        width=markers.width,
        height=markers.height,
        orientation=read_orientation(markers.exif),
        extra_bytes=markers.coefficient_bytes if markers.scans > 1 else 0,
    )


def decode(data: bytes, header: Header) -> Pixels:
    """Decode the image; raise ``ValueError`` if pixel data is missing."""
    return rgb_pixels(_load_complete(data, header))


def _load_complete(data: bytes, header: Header) -> Image.Image:
    """Load the image, and refuse a truncated one.

    libjpeg silently fills missing data with gray, and without an end marker it does not use all
    data. A file without end marker is therefore decoded several times, with the marker appended,
    and with and without probe bytes before it: libjpeg skips them after complete data, but decodes
    them where data is missing. Only digests are compared, to hold one image at a time.
    """
    markers = _parse_markers(data)
    if markers.ended:
        return load(JpegImageFile, data, header)
    if not markers.all_scans_started:
        raise ValueError("scans are missing")
    data = data.rstrip(b"\xff")
    restart = markers.next_restart(data)
    probed = {
        _digest(load(JpegImageFile, data + probe + restart + probe + _END_MARKER, header))
        for probe in _PROBES
    }
    image = load(JpegImageFile, data + _END_MARKER, header)
    if probed != {_digest(image)}:
        raise ValueError("pixel data is missing")
    return image


def _digest(image: Image.Image) -> bytes:
    digest = hashlib.blake2b()
    for strip in strips(image):
        digest.update(strip.tobytes())
    return digest.digest()


@dataclass(slots=True)
class _Markers:
    """Describe the first image of a JPEG file by its markers."""

    width: int = 0
    height: int = 0
    components: tuple[int, ...] = ()
    sampling: tuple[tuple[int, int], ...] = ()  # horizontal and vertical factor of each component
    exif: bytes = b""  # from its byte order mark on
    ended: bool = False  # the end marker is present
    scans: int = 0  # scans started
    scan_offset: int = 0  # start of the last scan's data
    coefficients: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    """For each component, which of its 64 coefficients the scans cover to the last bit."""

    @property
    def passes(self) -> int:
        """Return how often decoding the file visits every block."""
        return self.scans if self.ended else self.scans * (1 + len(_PROBES))

    @property
    def coefficient_bytes(self) -> int:
        """Return the bytes a decoder holds until the last scan: two for each sample."""
        across = max((horizontal for horizontal, _ in self.sampling), default=0) or 1
        down = max((vertical for _, vertical in self.sampling), default=0) or 1
        samples = sum(horizontal * vertical for horizontal, vertical in self.sampling)
        return 2 * self.width * self.height * samples // (across * down)

    @property
    def all_scans_started(self) -> bool:
        """Return whether the scans cover every coefficient of every component."""
        return bool(self.components) and all(
            self.coefficients[component] == _ALL_COEFFICIENTS for component in self.components
        )

    def next_restart(self, data: bytes) -> bytes:
        """Return the restart marker that follows the last one in the last scan."""
        positions = {data.rfind(bytes((0xFF, 0xD0 + n)), self.scan_offset): n for n in range(8)}
        last = max(positions)
        due = 0 if last < 0 else (positions[last] + 1) % 8
        return bytes((0xFF, 0xD0 + due))


def _parse_markers(data: bytes) -> _Markers:
    """Parse the first image in ``data``, which begins with a start marker.

    Raises:
        struct.error: a required segment is truncated, the coding is not supported, or there are
            too many markers.
    """
    markers = _Markers()
    position = 2
    pattern = _MARKER
    count = 0
    while match := pattern.search(data, position):
        count += 1
        if count > _MAX_MARKERS:
            raise struct.error("too many markers")
        marker = match[1][0]
        position = match.end()
        pattern = _MARKER
        if marker in _WITHOUT_LENGTH:
            continue
        if marker == _END:
            markers.ended = True
            break
        if position + 2 > len(data):
            break
        (length,) = struct.unpack_from(">H", data, position)
        segment = data[position + 2 : position + length]
        position += length
        if marker in _FRAMES and not markers.components:
            _parse_frame(segment, markers)
        elif marker in _UNSUPPORTED_FRAMES:
            raise struct.error("lossless, hierarchical or arithmetic coding")
        elif marker == _EXIF and not markers.exif and segment.startswith(_EXIF_HEADER):
            markers.exif = segment[len(_EXIF_HEADER) :]
        elif marker == _SCAN:
            _parse_scan(segment, markers)
            markers.scan_offset = position
            pattern = _MARKER_AFTER_SCAN
            if markers.scans > MAX_PASSES:
                break
    return markers


def _parse_frame(segment: bytes, markers: _Markers) -> None:
    _, markers.height, markers.width, count = struct.unpack_from(">BHHB", segment)
    markers.components = tuple(segment[6 : 6 + 3 * count : 3])
    markers.sampling = tuple((both >> 4, both & 0x0F) for both in segment[7 : 6 + 3 * count : 3])


def _parse_scan(segment: bytes, markers: _Markers) -> None:
    if not segment:
        return
    markers.scans += 1
    count = segment[0]
    parameters = segment[1 + 2 * count : 4 + 2 * count]
    if len(parameters) < 3:
        return
    first, last, approximation = parameters
    bits_left = approximation & 0x0F
    if bits_left:
        return
    for component in segment[1 : 1 + 2 * count : 2]:
        markers.coefficients[component].update(range(first, min(last, 63) + 1))
