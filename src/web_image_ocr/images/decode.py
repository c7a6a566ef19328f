"""DecodedImage files to pixels, under limits."""

from __future__ import annotations

import hashlib
import io
import os
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.IcoImagePlugin import IcoImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PcxImagePlugin import PcxImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TgaImagePlugin import TgaImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from web_image_ocr.images import ico, jpeg, png, webp
from web_image_ocr.images.config import ImageLimits
from web_image_ocr.images.formats import ImageFormat
from web_image_ocr.images.header import inspect
from web_image_ocr.images.readers import Header
from web_image_ocr.images.rgb import bands, rgb_pixels
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.pixels import Pixels


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """A decoded picture.

    Attributes:
        pixels: (height, width, 3) uint8, RGB, upright, C-contiguous, read-only.
        width: pixels, after the EXIF orientation is applied.
        height: pixels, after the EXIF orientation is applied.
    """

    pixels: Pixels
    width: int
    height: int


def decode(data: bytes, limits: ImageLimits) -> DecodedImage:
    """The first frame of a picture file, as a viewer shows it.

    Trailing bytes and a missing end marker are accepted, missing pixel data is not.

    Raises:
        ServiceError: ``FORMAT_UNSUPPORTED`` for an unknown, not accepted or damaged file;
            ``IMAGE_SIZE`` for a side or pixel count outside the limits.
    """
    header = inspect(data, limits)
    try:
        pixels = _decoded(data, header)
    except MemoryError:
        raise
    except Exception as error:
        raise ServiceError(
            ErrorKind.FORMAT_UNSUPPORTED,
            f"the {header.format} data cannot be decoded: {type(error).__name__}",
        ) from error
    if header.orientation in _UPRIGHT:
        pixels = np.ascontiguousarray(_UPRIGHT[header.orientation](pixels))
    pixels.flags.writeable = False
    return DecodedImage(pixels, width=pixels.shape[1], height=pixels.shape[0])


_OPENERS: Mapping[ImageFormat, Callable[[io.BytesIO], Image.Image]] = {
    ImageFormat.JPEG: JpegImageFile,
    ImageFormat.PNG: PngImageFile,
    ImageFormat.BMP: BmpImageFile,
    ImageFormat.TIFF: TiffImageFile,
    ImageFormat.GIF: GifImageFile,
    ImageFormat.WEBP: WebPImageFile,
    ImageFormat.TGA: TgaImageFile,
    ImageFormat.ICO: IcoImageFile,
    ImageFormat.PCX: PcxImageFile,
}
"""Pillow's readers, called directly: ``Image.open`` would choose among all its formats,
and warn or raise by a process-wide pixel limit where ours is already checked."""

_UPRIGHT: Mapping[int, Callable[[Pixels], Pixels]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels[::-1].swapaxes(0, 1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels[:, ::-1].swapaxes(0, 1),
}
"""How to make a picture of each EXIF orientation upright (EXIF 2.32, tag 0x0112)."""

_OTHER_SIZE = "the decoder finds another size than the header says"

_PROCESS_STATE = threading.Lock()
"""Pillow reports odd metadata by ``warnings``, libtiff and OpenCV damage on standard error; both
belong to the process, so they are silenced and restored by one thread at a time. Worker
processes decode one picture at a time anyway."""


_LOUD = frozenset({ImageFormat.TIFF, ImageFormat.WEBP})

_FOURTH_BYTE_UNUSED = frozenset({ImageFormat.BMP, ImageFormat.TGA})
"""Formats whose writers often leave the place of the alpha channel at zero."""


def _decoded(data: bytes, header: Header) -> Pixels:
    """The picture as it is stored."""
    with _PROCESS_STATE, warnings.catch_warnings(), _silent(header.format):
        warnings.simplefilter("ignore")
        if header.format is ImageFormat.WEBP and not header.animated:
            return _decoded_webp(data, header)
        image = _load(data, header)
        if header.format in _FOURTH_BYTE_UNUSED and image.mode == "RGBA":
            image = _without_empty_alpha(image)
        return rgb_pixels(image)


def _decoded_webp(data: bytes, header: Header) -> Pixels:
    found = webp.decode_still(data)
    if found.shape[:2] != (header.height, header.width):
        raise ValueError(_OTHER_SIZE)
    return found if found.shape[2] == 3 else rgb_pixels(Image.fromarray(found))


def _load(data: bytes, header: Header) -> Image.Image:
    if header.format is ImageFormat.JPEG:
        return _load_jpeg(data, header)
    if header.format is ImageFormat.ICO:
        return _load_frame(ico.best_icon(data).as_file(), header)
    if header.format is ImageFormat.PNG:
        return _load_frame(png.without_damaged_extras(data), header)
    return _load_frame(data, header)


@cache
def open_null_device() -> int:
    """Return the number of the null device, open for writing as long as the process lives.

    A process that will be allowed to open no file calls this before.
    """
    return os.open(os.devnull, os.O_WRONLY)


@contextmanager
def _silent(image_format: ImageFormat) -> Iterator[None]:
    """Standard error closed to libtiff and OpenCV, which write lines there for damage."""
    if image_format not in _LOUD:
        yield
        return
    try:
        kept = os.dup(2)
    except OSError:
        yield  # the process has no standard error
        return
    try:
        os.dup2(open_null_device(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _load_frame(data: bytes, header: Header) -> Image.Image:
    image = _OPENERS[header.format](io.BytesIO(data))
    if {image.width, image.height} != {header.width, header.height}:
        raise ValueError(_OTHER_SIZE)
    image.load()
    return image


def _without_empty_alpha(image: Image.Image) -> Image.Image:
    return image if image.getchannel("A").getbbox() else image.convert("RGB")


_END_OF_IMAGE = b"\xff\xd9"


def _load_jpeg(data: bytes, header: Header) -> Image.Image:
    """The picture of a JPEG file; refuses one that is cut short.

    libjpeg fills missing data with grey and says nothing, and without an end marker it
    does not even use all the data there is. So a file without one is decoded again, with
    the end marker added and with some foreign bytes before it: those are
    skipped after complete data, but read as pixels where data is missing. Only digests
    are compared, so that one picture at a time is held.
    """
    found = jpeg.outline(data)
    if found.ended:
        return _load_frame(data, header)
    if not found.all_scans_begun:
        raise ValueError("scans are missing")
    data = data.rstrip(b"\xff")
    restart = found.next_restart(data)
    controls = {
        _digest(_load_frame(data + foreign + restart + foreign + _END_OF_IMAGE, header))
        for foreign in jpeg.FOREIGN
    }
    image = _load_frame(data + _END_OF_IMAGE, header)
    if controls != {_digest(image)}:
        raise ValueError("pixel data is missing")
    return image


def _digest(image: Image.Image) -> bytes:
    digest = hashlib.blake2b()
    for band in bands(image):
        digest.update(band.tobytes())
    return digest.digest()
