from __future__ import annotations

import pytest

from web_image_ocr.primitives.nearest import nearest

KNOWN = ["data_dir", "api.rate_limit", "api.rate_limit_redis_url", "server.port"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("rate_limit", "api.rate_limit"),
        ("api.rate_limt", "api.rate_limit"),
        ("server_port", "server.port"),
        ("datadir", "data_dir"),
        ("rate_limit_redis", "api.rate_limit_redis_url"),
        ("xyzzy", None),
        ("", None),
    ],
)
def test_the_nearest_name(name: str, meant: str | None) -> None:
    assert nearest(name, KNOWN) == meant


def test_nothing_is_near_where_nothing_is_known() -> None:
    assert nearest("port", []) is None
