from __future__ import annotations

import pytest

from web_image_ocr.api.schemas import WebImageRequest, validate
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


def test_a_million_wrong_values_cost_one_error() -> None:
    wrong = {"extract_type": [0] * 1_000_000}
    with pytest.raises(ServiceError) as caught:
        validate(WebImageRequest, wrong, ErrorKind.PARAMETER_INVALID)
    assert caught.value.detail.count("extract_type") == 1
