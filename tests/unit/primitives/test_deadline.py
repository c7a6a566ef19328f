from __future__ import annotations

import pytest

from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


def test_a_future_deadline_leaves_time() -> None:
    deadline = Deadline.after(60)
    deadline.check()
    assert 59 < deadline.remaining() <= 60


def test_a_passed_deadline_is_an_error() -> None:
    deadline = Deadline.after(-1)
    assert deadline.remaining() == 0
    with pytest.raises(ServiceError) as caught:
        deadline.check()
    assert caught.value.kind is ErrorKind.DEADLINE_EXCEEDED


def test_never_does_not_pass() -> None:
    Deadline.never().check()
    assert Deadline.never().remaining() == float("inf")
