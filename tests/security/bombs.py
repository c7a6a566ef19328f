"""Build decompression bombs: small files that announce, or expand to, far more data.

All are built from the specifications of the formats.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from PIL import Image

from tests.support.images import encode_image, quadrants, texture
from web_image_ocr.images.codecs.jpeg import MAX_PASSES
from web_image_ocr.primitives.errors import ErrorKind

SIDE = 8192
_FORMAT, _SIZE = ErrorKind.FORMAT_UNSUPPORTED, ErrorKind.IMAGE_SIZE


def chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">L", len(content)) + body + struct.pack(">L", zlib.crc32(body))


def png(
    width: int = 40,
    height: int = 30,
    *extra: bytes,
    rows: bytes = b"",
    depth: int = 8,
    kind: int = 2,
    interlace: int = 0,
) -> bytes:
    """Return a PNG file, by default with the rows of a black image of 40 x 30 pixels."""
    header = struct.pack(">LLBBBBB", width, height, depth, kind, 0, 0, interlace)
    rows = rows or zlib.compress(bytes(30 * (1 + 3 * 40)))
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            *extra,
            chunk(b"IDAT", rows),
            chunk(b"IEND", b""),
        )
    )


def zeros(count: int) -> bytes:
    """Return ``count`` zeros, deflated: one block of a million zeros, repeated."""
    block, rest = _deflated(1 << 20, zlib.Z_FULL_FLUSH), _deflated(count & 0xFFFFF, zlib.Z_FINISH)
    checksum = struct.pack(">HH", count % 65521, 1)  # Adler-32 of zeros
    return b"\x78\x9c" + block * (count >> 20) + rest + checksum


def _deflated(count: int, end: int) -> bytes:
    deflate = zlib.compressobj(9, wbits=-15)
    return deflate.compress(bytes(count)) + deflate.flush(end)


def animated_png() -> bytes:
    """Return 10,000 frames after the first, which is the image itself."""
    rows = zlib.compress(bytes(30 * (1 + 3 * 40)))
    frames = b""
    for number in range(10_000):
        control = struct.pack(">LLLLLHHBB", 2 * number + 1, 40, 30, 0, 0, 1, 1, 0, 0)
        frames += chunk(b"fcTL", control)
        frames += chunk(b"fdAT", struct.pack(">L", 2 * number + 2) + rows)
    first = chunk(b"fcTL", struct.pack(">LLLLLHHBB", 0, 40, 30, 0, 0, 1, 1, 0, 0))
    still = png(40, 30, chunk(b"acTL", struct.pack(">LL", 10_001, 0)), first)
    return still[:-12] + frames + still[-12:]


def tiff(tags: Mapping[int, tuple[int, int]], data: bytes = b"", *, following: int = 0) -> bytes:
    """Return a little-endian TIFF with one directory; tags map to (field type, value)."""
    entries = b"".join(
        struct.pack("<HHLL", tag, kind, 1, value) for tag, (kind, value) in sorted(tags.items())
    )
    head = b"II*\0" + struct.pack("<LH", 8, len(tags)) + entries
    return head + struct.pack("<L", following) + data


GRAY = {256: (4, 40), 257: (4, 30), 258: (3, 8), 259: (3, 1), 262: (3, 1), 277: (3, 1)}


def packed_tiff(compression: int, packed: bytes, *, bits: int = 8, rows: int = SIDE) -> bytes:
    """Return a compressed gray TIFF of 8192 x 8192 pixels whose only strip is ``packed``."""
    tags = {
        **GRAY,
        256: (4, SIDE),
        257: (4, SIDE),
        258: (3, bits),
        259: (3, compression),
        278: (4, rows),
        279: (4, len(packed)),
    }
    start = 8 + 2 + 12 * (len(tags) + 1) + 4
    return tiff({**tags, 273: (4, start)}, packed)


def tiff_with_signed_tile_size() -> bytes:
    """Return a gray TIFF of 40 x 30 pixels whose tile size, 16,000 x 16,000, is in signed tags."""
    packed = zeros(16_000 * 16_000)
    tags = {**GRAY, 259: (3, 8), 322: (9, 16_000), 323: (9, 16_000), 325: (4, len(packed))}
    return tiff({**tags, 324: (4, 8 + 2 + 12 * (len(tags) + 1) + 4)}, packed)


def gif(screen: tuple[int, int], frame: tuple[int, int, int, int], before: bytes = b"") -> bytes:
    """Return a GIF file with data for one pixel and with blocks before its frame."""
    head = struct.pack("<HHBBB", *screen, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    return b"GIF89a" + head + before + b"," + struct.pack("<HHHHB", *frame, 0) + b"\2\2\x44\1\0;"


def gif_of_frames(frames: int) -> bytes:
    """Return a GIF with the same frame repeated."""
    data = encode_image(quadrants(), "GIF")
    start = data.index(b",", 13 + (3 << (data[10] & 7) + 1))
    return data[:-1] + data[start:-1] * frames + b";"


def bmp(
    width: int, height: int, *, bits: int = 24, compression: int = 0, data: bytes = b""
) -> bytes:
    palette = bytes(1024) if bits == 8 else b""
    start = 54 + len(palette)
    head = b"BM" + struct.pack("<LHHL", start + len(data), 0, 0, start)
    size = struct.pack(
        "<LllHHLLllLL", 40, width, height, 1, bits, compression, len(data), 0, 0, 0, 0
    )
    return head + size + palette + data


def jpeg_of_scans(count: int) -> bytes:
    """Return a progressive JPEG whose last scan is repeated until it has ``count`` scans."""
    data = encode_image(quadrants(), "JPEG", progressive=True)
    scan = data.rindex(b"\xff\xda")
    return data[:-2] + data[scan:-2] * (count - data.count(b"\xff\xda")) + b"\xff\xd9"


def jpeg_resized(width: int, height: int, **options: Any) -> bytes:
    """Return a small JPEG whose header announces another size."""
    data = encode_image(quadrants(), "JPEG", **options)
    marker = b"\xff\xc2" if options.get("progressive") else b"\xff\xc0"
    size = data.index(marker) + 5
    return data[:size] + struct.pack(">HH", height, width) + data[size + 4 :]


def jpeg_of_markers() -> bytes:
    """Return a JPEG with 1,500,000 empty comments before the image."""
    data = encode_image(quadrants(), "JPEG")
    return data[:2] + b"\xff\xfe\0\2" * 1_500_000 + data[2:]


def jpeg_of_restarts() -> bytes:
    """Return a JPEG with 3,000,000 restart markers before its pixel data."""
    data = encode_image(quadrants(), "JPEG", restart_marker_blocks=1)
    scan = data.rindex(b"\xff\xda") + 14
    return data[:scan] + b"\xff\xd0\xff\xd1" * 1_500_000 + data[scan:]


def webp_vp8x(width: int, height: int, flags: int, *chunks: bytes) -> bytes:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBPVP8X\x0a\0\0\0" + bytes((flags, 0, 0, 0)) + sides + b"".join(chunks)
    return b"RIFF" + struct.pack("<L", len(body)) + body


def animated_webp(side: int, frames: int) -> bytes:
    """Return frames as large as the canvas, each a few bytes of one color."""
    still = encode_image(Image.new("RGB", (side, side)), "WEBP", lossless=True, method=0)
    frame = bytes(6) + struct.pack("<L", side - 1)[:3] * 2 + b"\x64\0\0\0" + still[12:]
    frame = b"ANMF" + struct.pack("<L", len(frame)) + frame
    return webp_vp8x(side, side, 0x02, b"ANIM\x06\0\0\0\xff\xff\xff\xff\0\0", *[frame] * frames)


def ico(*contents: bytes, side: int = 0) -> bytes:
    """Return an icon file with these images, each with ``side`` in the directory (0: 256)."""
    start = 6 + 16 * len(contents)
    entries = b""
    for content in contents:
        entries += struct.pack("<BBBBHHLL", side, side, 0, 0, 1, 32, len(content), start)
        start += len(content)
    return struct.pack("<HHH", 0, 1, len(contents)) + entries + b"".join(contents)


def tga(width: int, height: int, data: bytes = b"") -> bytes:
    return struct.pack("<BBBHHBHHHHBB", 0, 0, 10, 0, 0, 0, 0, 0, width, height, 32, 8) + data


def pcx(right: int, bottom: int) -> bytes:
    head = struct.pack("<BBBBHHHH", 10, 5, 1, 8, 0, 0, right, bottom)
    return (
        head.ljust(65, b"\0") + b"\1" + struct.pack("<H", right + 1) + bytes(60) + b"\xff\0" * 500
    )


def jpeg_in_tiff() -> bytes:
    """Return a TIFF whose strip is a JPEG that announces a far larger size."""
    packed = jpeg_resized(65_000, 65_000)
    tags = {**GRAY, 258: (3, 8), 259: (3, 7), 278: (4, 30), 279: (4, len(packed))}
    return tiff({**tags, 273: (4, 8 + 2 + 12 * 9 + 4)}, packed)


def many_directories() -> bytes:
    """Return a TIFF with a chain of 100,000 directories; the first is the image."""
    first = {**GRAY, 273: (4, 200), 279: (4, 1200)}
    data = tiff(first, bytes(1300), following=1500)
    data = data.ljust(1500, b"\0")
    each = 2 + 12 + 4
    return data + b"".join(
        struct.pack("<HHHLLL", 1, 256, 4, 1, 40, 1500 + each * (n + 1)) for n in range(100_000)
    )


def tiff_of_tags() -> bytes:
    """Return a TIFF with 4,000 tags that all point to the same 7 MB."""
    tags = {tag: (4, value) for tag, (_, value) in GRAY.items()}
    count = len(tags) + 2 + 4000
    start = 8 + 2 + 12 * count + 4
    all_tags = {**tags, 273: (4, start), 279: (4, 1200)}
    entries = [
        struct.pack("<HHLL", tag, 4, 1, value) for tag, (_, value) in sorted(all_tags.items())
    ]
    entries += [struct.pack("<HHLL", 40_000 + n, 1, 7_000_000, start) for n in range(4000)]
    return b"II*\0" + struct.pack("<LH", 8, count) + b"".join(entries) + bytes(4 + 7_000_000)


def jpeg_of_tags() -> bytes:
    """Return a JPEG with EXIF data whose tags all point to the same 60 KB."""
    entries = b"".join(struct.pack("<HHLL", 0x9000 + n, 1, 60_000, 8) for n in range(4000))
    exif = b"Exif\0\0II*\0" + struct.pack("<LH", 8, 4000) + entries + bytes(4)
    data = encode_image(quadrants(), "JPEG")
    head = data.index(b"\xff\xdb")  # EXIF replaces the JFIF header
    return (
        data[:2]
        + b"\xff\xe1"
        + struct.pack(">H", 2 + len(exif.ljust(65_000, b"\0")))
        + exif.ljust(65_000, b"\0")
        + data[head:]
    )


def exif_of(tags: int) -> bytes:
    """Return a PNG with an EXIF directory whose entries all point to each other."""
    entries = b"".join(struct.pack("<HHLL", 0x9000 + n, 5, 2**31 - 1, 8) for n in range(tags))
    return png(40, 30, chunk(b"eXIf", b"II*\0" + struct.pack("<LH", 8, tags) + entries + bytes(4)))


BLANK = Image.new("RGB", (4096, 4096))
_ROW = SIDE * 3 + 1

REFUSED: Mapping[str, tuple[Callable[[], bytes], ErrorKind]] = {
    "png of 2^31 by 2^31": (lambda: png(2**31 - 1, 2**31 - 1), _SIZE),
    "png of 8,192 by 8,193": (lambda: png(SIDE, SIDE + 1, rows=zeros(_ROW * 100)), _SIZE),
    "png of 8,192 by 8,192 without pixels": (lambda: png(SIDE, SIDE), _FORMAT),
    "png with a text of 200 MB": (
        lambda: png(40, 30, chunk(b"zTXt", b"a\0\0" + zeros(200 << 20))),
        _FORMAT,
    ),
    "png with 64 texts of 1 MB": (
        lambda: png(40, 30, *[chunk(b"zTXt", b"a\0\0" + zeros((1 << 20) - 1))] * 66),
        _FORMAT,
    ),
    "png with an international text of 200 MB": (
        lambda: png(40, 30, chunk(b"iTXt", b"a\0\1\0\0\0" + zeros(200 << 20))),
        _FORMAT,
    ),
    "png with a color profile of 200 MB": (
        lambda: png(40, 30, chunk(b"iCCP", b"a\0\0" + zeros(200 << 20))),
        _FORMAT,
    ),
    "webp of 16,384 by 16,384": (lambda: webp_vp8x(16_384, 16_384, 0), _SIZE),
    "animated webp of 16,000 by 16,000": (lambda: webp_vp8x(16_000, 16_000, 0x02), _SIZE),
    "webp whose canvas differs from its image": (
        lambda: webp_vp8x(SIDE, SIDE, 0, encode_image(quadrants(), "WEBP", lossless=True)[12:]),
        _FORMAT,
    ),
    "gif with a huge screen": (lambda: gif((65535, 65535), (0, 0, 20, 20)), _SIZE),
    "gif with a huge frame": (lambda: gif((20, 20), (0, 0, 65535, 65535)), _SIZE),
    "gif with a far frame": (lambda: gif((20, 20), (65000, 0, 20, 20)), _SIZE),
    "bmp of 2^31 by 15": (lambda: bmp(2**31 - 1, 15), _SIZE),
    "bmp without pixels": (lambda: bmp(SIDE, SIDE), _FORMAT),
    "tiff of 2^32 by 2^32": (
        lambda: tiff({**GRAY, 256: (4, 2**32 - 1), 257: (4, 2**32 - 1)}),
        _SIZE,
    ),
    "tiff with tiles of 60,000": (
        lambda: tiff(
            {**GRAY, 259: (3, 5), 322: (4, 60_000), 323: (4, 60_000), 324: (4, 8), 325: (4, 9)}
        ),
        _FORMAT,
    ),
    "tiff with a tile of 16,000 in signed numbers": (tiff_with_signed_tile_size, _FORMAT),
    "tiff with a strip of 4 GB": (
        lambda: tiff({**GRAY, 273: (4, 8), 278: (4, 30), 279: (4, 2**32 - 1)}),
        _FORMAT,
    ),
    "compressed tiff with a strip of 4 GB": (
        lambda: tiff({**GRAY, 259: (3, 5), 273: (4, 8), 278: (4, 30), 279: (4, 2**32 - 1)}),
        _FORMAT,
    ),
    "tiff with 65,535 samples": (
        lambda: tiff({**GRAY, 277: (3, 65535), 273: (4, 8), 279: (4, 9)}),
        _FORMAT,
    ),
    "tiff with a strip of 1 GB": (
        lambda: packed_tiff(8, zeros(1 << 20), bits=128),
        _SIZE,
    ),
    "tiff with a jpeg of 65,000 by 65,000 in it": (jpeg_in_tiff, _FORMAT),
    "jpeg of 65,000 by 65,000": (lambda: jpeg_resized(65_000, 65_000), _SIZE),
    "jpeg with too many scans": (lambda: jpeg_of_scans(MAX_PASSES + 1), _FORMAT),
    "jpeg without end, which is decoded three times": (
        lambda: jpeg_of_scans(MAX_PASSES // 3 + 1)[:-2],
        _FORMAT,
    ),
    "jpeg of 1,500,000 comments": (jpeg_of_markers, _FORMAT),
    "jpeg of arithmetic coding": (
        lambda: encode_image(quadrants(), "JPEG").replace(b"\xff\xc0", b"\xff\xc9", 1),
        _FORMAT,
    ),
    "jpeg of fill bytes": (lambda: b"\xff\xd8" + b"\xff" * 7_000_000, _FORMAT),
    "icon of 65,000 by 65,000": (lambda: ico(png(65_000, 65_000)), _SIZE),
    "icon in an icon": (lambda: ico(ico(png())), _SIZE),
    "icon of a bitmap larger than in the directory": (
        lambda: ico(bmp(30_000, 30_000)[14:], side=16),
        _SIZE,
    ),
    "tga of 65,535 by 65,535": (lambda: tga(65_535, 65_535, bytes(100)), _SIZE),
    "tga without pixels": (lambda: tga(SIDE, SIDE, bytes(100)), _FORMAT),
    "pcx of 65,535 by 65,535": (lambda: pcx(65_534, 65_534), _SIZE),
}
"""Files over a limit or without the announced pixels, and the error of each."""


def small_blank_tiff(compression: str) -> bytes:
    return encode_image(BLANK.resize((2048, 2048)), "TIFF", compression=compression)


DECODED: Mapping[str, Callable[[], bytes]] = {
    "png, interlaced": lambda: png(4096, 4096, rows=zeros(4096 * (4096 + 2)), kind=0, interlace=1),
    "16-bit color png": lambda: png(4096, 4096, rows=zeros(4096 * (6 * 4096 + 1)), depth=16),
    "1-bit png": lambda: png(SIDE, SIDE, rows=zeros(SIDE * (SIDE // 8 + 1)), depth=1, kind=0),
    "png with surplus rows": lambda: png(rows=zeros(300 << 20)),
    "png with 100,000 extra chunks": lambda: png(40, 30, *[chunk(b"tEXt", b"a\0b")] * 100_000),
    "png with 4,000 tags that point at each other": lambda: exif_of(4000),
    "animated png of 10,000 frames": animated_png,
    "gif of 10,000 frames": lambda: gif_of_frames(10_000),
    "gif with 1,500,000 blocks before its frame": lambda: gif(
        (40, 30), (0, 0, 1, 1), b"!\xfe\0" * 1_500_000
    ),
    "gif of one pixel on a large screen": lambda: gif((SIDE, SIDE), (0, 0, 1, 1)),
    "animated webp of 50 large frames": lambda: animated_webp(2048, 50),
    "webp, lossless": lambda: encode_image(BLANK, "WEBP", lossless=True, method=0),
    "tiff, deflated, in one strip": lambda: packed_tiff(8, zeros(SIDE * SIDE)),
    "tiff, deflated, in strips of a row": lambda: encode_image(
        BLANK, "TIFF", compression="tiff_adobe_deflate", tiffinfo={278: 1}
    ),
    **{
        f"tiff, {kind}": partial(small_blank_tiff, kind)
        for kind in ("tiff_lzw", "zstd", "lzma", "packbits")
    },
    "tiff, group 4": lambda: encode_image(BLANK.convert("1"), "TIFF", compression="group4"),
    "tiff of 4,000 tags of 7 MB": tiff_of_tags,
    "jpeg of 4,000 tags of 60 KB": jpeg_of_tags,
    "tiff of 100,000 directories": many_directories,
    "tiff whose directories form a cycle": lambda: tiff(
        {**GRAY, 273: (4, 200), 279: (4, 1200)}, bytes(1400), following=8
    ),
    "jpeg with the maximum of scans": lambda: jpeg_of_scans(MAX_PASSES),
    "jpeg, progressive": lambda: encode_image(BLANK, "JPEG", progressive=True, subsampling=0),
    "jpeg with 3,000,000 restart markers": jpeg_of_restarts,
    "jpeg followed by other images": lambda: encode_image(
        texture(400, 300),
        "MPO",
        save_all=True,
        append_images=[texture(400, 300)] * 200,
    ),
    "bmp of runs of one pixel": lambda: bmp(
        2000, 900, bits=8, compression=1, data=(b"\1\0" * 2000 + b"\0\0") * 900 + b"\0\1"
    ),
    "bmp of RLE deltas": lambda: bmp(
        SIDE, SIDE, bits=8, compression=1, data=b"\0\2\xff\xff" * 1_000_000 + b"\0\1"
    ),
    "icon of 256 images": lambda: ico(*[encode_image(quadrants(), "PNG")] * 256),
    "icon of a large png": lambda: ico(png(4096, 4096, rows=zeros(4096 * (3 * 4096 + 1)))),
    "tga of runs": lambda: tga(4096, 4096, b"\xff\0\0\0\0" * (4096 * 4096 // 128)),
}
"""Files within the limits, which are decoded in limited time and memory."""
