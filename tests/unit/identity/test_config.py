"""Test that invalid settings are rejected."""

from __future__ import annotations

from typing import Any

import pytest

from web_image_ocr.identity import IdentityConfig


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("store_wait_seconds", 0),
        ("cache_seconds", -1),
        ("cache_seconds", 5.1),
        ("token_lifetime_seconds", 59),
        ("clock_skew_seconds", 0),
        ("failures_before_lock", 0),
        ("login_lock_seconds", 0),
        ("key_lock_seconds", 0),
        ("password_hashes_at_once", -1),
        ("failures_per_network", -1),
        ("sign_ins_per_minute", -1),
    ],
)
def test_the_sentence_names_the_setting(name: str, value: float) -> None:
    settings: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=name):
        IdentityConfig(**settings)
