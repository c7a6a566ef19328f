"""Small files that announce, or unfold to, far more than they hold.

They are decoded in another process whose memory is limited, so that a decoder that
believes the file fails the test and not the machine.
"""

from __future__ import annotations

import multiprocessing
import resource
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection

import pytest
from PIL import Image

from tests.unit.images.pictures import encoded, scene
from web_image_ocr.images import ImageLimits, decode, inspect
from web_image_ocr.images.jpeg import MAX_PASSES
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

pytestmark = pytest.mark.slow

LIMITS = ImageLimits.for_edition("2021")
MEMORY = 2 * 1024**3
"""Bytes of address space: the libraries alone take about one of these two gigabytes."""

SECONDS = 10.0


def chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">L", len(content)) + body + struct.pack(">L", zlib.crc32(body))


def png(width: int = 40, height: int = 30, *extra: bytes) -> bytes:
    header = struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(30 * (1 + 3 * 40)))
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            *extra,
            chunk(b"IDAT", rows),
            chunk(b"IEND", b""),
        )
    )


def tiff(tags: dict[int, tuple[int, int]], data: bytes = b"") -> bytes:
    """A little-endian TIFF of one directory; tags map to (field type, value)."""
    entries = b"".join(
        struct.pack("<HHLL", tag, kind, 1, value) for tag, (kind, value) in sorted(tags.items())
    )
    return b"II*\0" + struct.pack("<LH", 8, len(tags)) + entries + bytes(4) + data


GREY = {256: (4, 40), 257: (4, 30), 258: (3, 8), 259: (3, 1), 262: (3, 1), 277: (3, 1)}


def gif(screen: tuple[int, int], frame: tuple[int, int, int, int]) -> bytes:
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", *screen, 0x80, 0, 0)
        + b"\0\0\0\xff\xff\xff,"
        + struct.pack("<HHHHB", *frame, 0)
        + b"\2\2\x44\1\0;"
    )


def jpeg_of_scans(count: int) -> bytes:
    """A progressive JPEG whose last scan is repeated until there are so many."""
    data = encoded(scene(), "JPEG", progressive=True)
    scan = data.rindex(b"\xff\xda")
    return data[:-2] + data[scan:-2] * (count - data.count(b"\xff\xda")) + b"\xff\xd9"


def text_of_zeros() -> bytes:
    return png(40, 30, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(200_000_000))))


BOMBS: dict[str, tuple[Callable[[], bytes], ErrorKind]] = {
    "png of 2^31 by 2^31": (lambda: png(2**31 - 1, 2**31 - 1), ErrorKind.IMAGE_SIZE),
    "png with a text of 200 MB": (text_of_zeros, ErrorKind.FORMAT_UNSUPPORTED),
    "webp of 16,384 by 16,384": (
        lambda: b"RIFF\x16\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0",
        ErrorKind.IMAGE_SIZE,
    ),
    "gif with a huge screen": (lambda: gif((65535, 65535), (0, 0, 20, 20)), ErrorKind.IMAGE_SIZE),
    "gif with a huge frame": (lambda: gif((20, 20), (0, 0, 65535, 65535)), ErrorKind.IMAGE_SIZE),
    "gif with a far frame": (lambda: gif((20, 20), (65000, 0, 20, 20)), ErrorKind.IMAGE_SIZE),
    "bmp of 2^31 by 15": (
        lambda: b"BM" + bytes(12) + struct.pack("<LllHH", 40, 2**31 - 1, 15, 1, 24) + bytes(24),
        ErrorKind.IMAGE_SIZE,
    ),
    "tiff of 2^32 by 2^32": (
        lambda: tiff({**GREY, 256: (4, 2**32 - 1), 257: (4, 2**32 - 1)}),
        ErrorKind.IMAGE_SIZE,
    ),
    "tiff with tiles of 60,000": (
        lambda: tiff(
            {**GREY, 259: (3, 5), 322: (4, 60_000), 323: (4, 60_000), 324: (4, 8), 325: (4, 9)}
        ),
        ErrorKind.FORMAT_UNSUPPORTED,
    ),
    "tiff with a strip of 4 GB": (
        lambda: tiff({**GREY, 273: (4, 8), 278: (4, 30), 279: (4, 2**32 - 1)}),
        ErrorKind.FORMAT_UNSUPPORTED,
    ),
    "compressed tiff with a strip of 4 GB": (
        lambda: tiff({**GREY, 259: (3, 5), 273: (4, 8), 278: (4, 30), 279: (4, 2**32 - 1)}),
        ErrorKind.FORMAT_UNSUPPORTED,
    ),
    "tiff with 65,535 samples": (
        lambda: tiff({**GREY, 277: (3, 65535), 273: (4, 8), 279: (4, 9)}),
        ErrorKind.FORMAT_UNSUPPORTED,
    ),
    "jpeg with too many scans": (
        lambda: jpeg_of_scans(MAX_PASSES + 1),
        ErrorKind.FORMAT_UNSUPPORTED,
    ),
    "jpeg without end, which is decoded three times": (
        lambda: jpeg_of_scans(MAX_PASSES // 3 + 1)[:-2],
        ErrorKind.FORMAT_UNSUPPORTED,
    ),
    "jpeg of arithmetic coding": (
        lambda: encoded(scene(), "JPEG").replace(b"\xff\xc0", b"\xff\xc9", 1),
        ErrorKind.FORMAT_UNSUPPORTED,
    ),
    "jpeg of fill bytes": (lambda: b"\xff\xd8" + b"\xff" * 7_000_000, ErrorKind.FORMAT_UNSUPPORTED),
    "largest picture that holds nothing": (
        lambda: png(8192, 8192),
        ErrorKind.FORMAT_UNSUPPORTED,
    ),
}


def serve(pipe: Connection) -> None:
    """Decode what comes, in little memory, and answer with the kind of error or None."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    while data := pipe.recv_bytes():
        try:
            decode(data, LIMITS)
        except ServiceError as error:
            pipe.send(error.kind)
        except BaseException as error:  # noqa: BLE001 - the test reports whatever it was
            pipe.send(repr(error))
        else:
            pipe.send(None)


@pytest.fixture(scope="module")
def decoder() -> Iterator[Connection]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,))
    process.start()
    theirs.close()
    yield ours
    ours.send_bytes(b"")
    process.join()


def outcome(decoder: Connection, data: bytes) -> object:
    decoder.send_bytes(data)
    return decoder.recv()


@pytest.mark.parametrize("name", BOMBS)
def test_is_refused_cheaply(name: str, decoder: Connection) -> None:
    make, kind = BOMBS[name]
    data = make()
    began = time.monotonic()
    assert outcome(decoder, data) == kind
    assert time.monotonic() - began < SECONDS


@pytest.mark.parametrize(
    "data",
    [
        png(),
        encoded(scene(), "GIF"),
        tiff({**GREY, 273: (4, 200), 279: (4, 1200)}, bytes(1400)),
        encoded(Image.new("RGB", (2000, 2000)), "JPEG"),
        jpeg_of_scans(MAX_PASSES),
    ],
    ids=["png", "gif", "tiff", "jpeg", "jpeg of many scans"],
)
def test_plain_picture_passes_under_the_same_limits(data: bytes, decoder: Connection) -> None:
    """So that the bombs above are refused for what they are."""
    assert outcome(decoder, data) is None


@pytest.mark.parametrize("tag", [322, 323])
def test_tile_is_limited_however_small_the_picture(tag: int) -> None:
    tile = {322: (4, 16), 323: (4, 16)}
    assert inspect(tiff({**GREY, **tile, tag: (4, 8192)}), LIMITS).width == 40
    with pytest.raises(ServiceError) as caught:
        inspect(tiff({**GREY, **tile, tag: (4, 8193)}), LIMITS)
    assert caught.value.kind is ErrorKind.FORMAT_UNSUPPORTED


def test_thin_picture_of_the_greatest_length_is_small() -> None:
    assert decode(encoded(Image.new("L", (8192, 15)), "PNG"), LIMITS).pixels.nbytes == 8192 * 15 * 3
