from __future__ import annotations

import pytest

from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


def test_a_deadline_to_come_leaves_time() -> None:
    deadline = Deadline.after(60)
    deadline.check()
    assert 59 < deadline.remaining() <= 60


def test_a_deadline_that_has_passed_is_an_error() -> None:
    deadline = Deadline.after(-1)
    assert deadline.remaining() == 0
    with pytest.raises(ServiceError) as caught:
        deadline.check()
    assert caught.value.kind is ErrorKind.DEADLINE_EXCEEDED


def test_never_does_not_come() -> None:
    Deadline.never().check()
    assert Deadline.never().remaining() == float("inf")
