from __future__ import annotations

import pickle

from web_image_ocr.primitives.errors import ErrorKind, ServiceError


def test_an_error_survives_the_pipe_between_processes() -> None:
    error = ServiceError(
        ErrorKind.TOKEN_EXPIRED, "too old", public={"expires_at": "then"}, retry_after=2.5
    )
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - trusted
    assert (copy.kind, copy.detail, copy.public, copy.retry_after) == (
        ErrorKind.TOKEN_EXPIRED,
        "too old",
        {"expires_at": "then"},
        2.5,
    )
    assert str(copy) == "too old"


def test_an_error_without_detail_has_the_text_of_its_kind() -> None:
    assert str(ServiceError(ErrorKind.OVERLOADED)) == "overloaded"
