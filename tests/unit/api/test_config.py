from __future__ import annotations

import dataclasses

import pytest

from web_image_ocr.api.config import ApiConfig
from web_image_ocr.api.limits.rate_limit import parse_rate


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("edition", "2022"),
        ("rate_limit", "many"),
        ("rate_limit", "0/minute"),
        ("rate_limit", "5/fortnight"),
        ("rate_limit", "-1/minute"),
        ("management_rate_limit", "many"),
        ("deadline_s", 0),
        ("body_s", -1),
        ("max_body_bytes", 0),
        ("max_bodies_bytes", 1),
        ("drain_bytes", -1),
        ("drain_s", -1),
    ],
)
def test_invalid_values_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=name):
        ApiConfig(**{name: value})  # type: ignore[arg-type]


def test_the_defaults_are_valid() -> None:
    assert ApiConfig().rate_limit == ""


def test_every_field_is_described() -> None:
    for field in dataclasses.fields(ApiConfig):
        assert f"        {field.name}: " in (ApiConfig.__doc__ or "")


@pytest.mark.parametrize(
    ("rate", "amount", "seconds"),
    [("100/minute", 100, 60), ("20/second", 20, 1), ("5 per 2 minutes", 5, 120)],
)
def test_rates(rate: str, amount: int, seconds: int) -> None:
    item = parse_rate(rate)
    assert (item.amount, item.get_expiry()) == (amount, seconds)
