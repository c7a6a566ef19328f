from __future__ import annotations

import base64

from web_image_ocr.images import FILE_LIMIT, ImageFormat, ImageLimits


def test_editions() -> None:
    old, new = ImageLimits.for_edition("2021"), ImageLimits.for_edition("2025")
    assert (old.min_side, old.max_side, old.max_pixels) == (15, 8192, 8192**2)
    assert (new.min_side, new.max_side, new.max_pixels) == (15, 30_000, 160_000_000)
    assert new.formats - old.formats == {ImageFormat.TGA, ImageFormat.ICO, ImageFormat.PCX}


def test_file_limit_is_ten_megabytes_of_base64() -> None:
    assert len(base64.b64encode(bytes(FILE_LIMIT))) == 10 * 1024 * 1024
