from __future__ import annotations

import base64
from typing import Any

import pytest

from web_image_ocr.images import FILE_LIMIT, ImageFormat, ImageLimits
from web_image_ocr.sources import FetchConfig


def test_editions() -> None:
    old, new = ImageLimits.for_edition("2021"), ImageLimits.for_edition("2025")
    assert (old.min_side, old.max_side, old.max_pixels) == (15, 8192, 8192**2)
    assert (new.min_side, new.max_side, new.max_pixels) == (15, 30_000, 160_000_000)
    assert new.formats - old.formats == {ImageFormat.TGA, ImageFormat.ICO, ImageFormat.PCX}


def test_file_limit_is_ten_megabytes_of_base64() -> None:
    assert len(base64.b64encode(bytes(FILE_LIMIT))) == 10 * 1024 * 1024


def test_only_the_web_s_own_ports_are_called_by_default() -> None:
    assert FetchConfig().allowed_ports == (80, 443)
    assert not FetchConfig().allowed_hosts
    assert not FetchConfig().allowed_networks


@pytest.mark.parametrize(
    "wrong",
    [
        {"allowed_ports": (0,)},
        {"allowed_ports": (65_536,)},
        {"allowed_networks": ("10.0.0.0/33",)},
        {"allowed_networks": ("intranet",)},
        {"connect_s": 0.0},
        {"read_s": -1.0},
        {"total_s": 0.0},
        {"max_bytes": 0},
        {"max_redirects": -1},
        {"max_concurrent": 0},
        {"max_bytes": 100, "max_total_bytes": 99},
    ],
)
def test_fetching_that_makes_no_sense_cannot_be_configured(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must|network"):
        FetchConfig(**wrong)
