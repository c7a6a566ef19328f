"""Read headers and decode pixels: one codec per format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.PcxImagePlugin import PcxImageFile
from PIL.TgaImagePlugin import TgaImageFile
from PIL.TiffImagePlugin import TiffImageFile

from web_image_ocr.images.codecs import ico, jpeg, pillow, png, tiff, webp
from web_image_ocr.images.formats import Header, ImageFormat
from web_image_ocr.primitives.pixels import Pixels


class Codec(NamedTuple):
    """Hold the two functions of a format.

    Attributes:
        read_header: parses the header of a whole file and decodes no pixel. Raises
            ``struct.error`` or ``IndexError`` when the header is damaged.
        decode: decodes the first frame to (H, W, 3) uint8 RGB, as stored. Raises any
            ``Exception`` when the data is damaged.
    """

    read_header: Callable[[bytes], Header]
    decode: Callable[[bytes, Header], Pixels]


CODECS: Mapping[ImageFormat, Codec] = {
    ImageFormat.JPEG: Codec(jpeg.read_header, jpeg.decode),
    ImageFormat.PNG: Codec(png.read_header, png.decode),
    ImageFormat.BMP: Codec(pillow.read_bmp_header, partial(pillow.decode, BmpImageFile)),
    ImageFormat.TIFF: Codec(tiff.read_header, partial(pillow.decode, TiffImageFile)),
    ImageFormat.GIF: Codec(pillow.read_gif_header, partial(pillow.decode, GifImageFile)),
    ImageFormat.WEBP: Codec(webp.read_header, webp.decode),
    ImageFormat.TGA: Codec(pillow.read_tga_header, partial(pillow.decode, TgaImageFile)),
    ImageFormat.ICO: Codec(ico.read_header, ico.decode),
    ImageFormat.PCX: Codec(pillow.read_pcx_header, partial(pillow.decode, PcxImageFile)),
}
