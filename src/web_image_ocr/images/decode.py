"""Decode image files to pixels, under limits."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import numpy as np

from web_image_ocr.images.codecs import CODECS
from web_image_ocr.images.config import ImageLimits
from web_image_ocr.images.formats import ImageFormat
from web_image_ocr.images.header import inspect
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.pixels import Pixels


@dataclass(frozen=True, slots=True, eq=False)
class DecodedImage:
    """Hold the pixels of a decoded image.

    Attributes:
        pixels: (height, width, 3) uint8, RGB, upright, C-contiguous, read-only.
        width: pixels, after the EXIF orientation is applied.
        height: pixels, after the EXIF orientation is applied.
    """

    pixels: Pixels
    width: int
    height: int


_TO_UPRIGHT: Mapping[int, Callable[[Pixels], Pixels]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels[::-1].swapaxes(0, 1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels[:, ::-1].swapaxes(0, 1),
}
"""Transform to upright for each EXIF orientation (EXIF 2.32, tag 0x0112)."""

_PROCESS_STATE = threading.Lock()
"""Held while warnings and standard error are silenced, because both belong to the process. It
costs nothing in a worker, which decodes one image at a time."""

_WRITES_TO_STDERR = frozenset({ImageFormat.TIFF, ImageFormat.WEBP})
"""Formats whose decoders (libtiff, OpenCV) report damage on standard error."""


def decode(data: bytes, limits: ImageLimits) -> DecodedImage:
    """Decode the first frame of an image file, as a viewer shows it.

    Trailing bytes and a missing end marker are accepted; missing pixel data is an error.

    Raises:
        ServiceError: ``FORMAT_UNSUPPORTED`` for an unknown, not accepted or damaged file;
            ``IMAGE_SIZE`` for a side or pixel count outside the limits.
    """
    header = inspect(data, limits)
    try:
        with _PROCESS_STATE, warnings.catch_warnings(), _stderr_silenced(header.format):
            warnings.simplefilter("ignore")  # Pillow warns about odd metadata
            pixels = CODECS[header.format].decode(data, header)
    except MemoryError:
        raise
    except Exception as error:
        raise ServiceError(
            ErrorKind.FORMAT_UNSUPPORTED,
            f"the {header.format} data cannot be decoded: {type(error).__name__}",
        ) from error
    if header.orientation in _TO_UPRIGHT:
        pixels = np.ascontiguousarray(_TO_UPRIGHT[header.orientation](pixels))
    pixels.flags.writeable = False
    return DecodedImage(pixels, width=pixels.shape[1], height=pixels.shape[0])


@cache
def open_null_device() -> int:
    """Return a file descriptor of the null device, open for writing until the process ends.

    Call it once before the process enters a sandbox that forbids opening files.
    """
    return os.open(os.devnull, os.O_WRONLY)


@contextmanager
def _stderr_silenced(image_format: ImageFormat) -> Iterator[None]:
    if image_format not in _WRITES_TO_STDERR:
        yield
        return
    try:
        saved = os.dup(2)
    except OSError:
        yield  # the process has no standard error
        return
    try:
        os.dup2(open_null_device(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
