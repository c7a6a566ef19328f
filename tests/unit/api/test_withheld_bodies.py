"""Signed bodies that a client withholds count as failed attempts, however they end."""

from __future__ import annotations

from itertools import count
from typing import cast

import pytest
from starlette.types import Message

from tests.unit.identity.support import refused
from web_image_ocr.api.clients import ClientAddresses
from web_image_ocr.api.credentials import Callers
from web_image_ocr.api.limits import bodies
from web_image_ocr.api.limits.bodies import Body
from web_image_ocr.api.limits.body_budget import BodyBudget, unauthenticated
from web_image_ocr.identity import Identity
from web_image_ocr.primitives.errors import ErrorKind

LIMIT = 100


class Counting:
    """An identity that notes unfinished bodies."""

    password_threads = 1

    def __init__(self) -> None:
        self.counted: list[tuple[str, str]] = []

    def record_incomplete_body(self, access: str, client: str, _: float) -> None:
        self.counted.append((access, client))


@pytest.mark.parametrize(("grace", "is_counted"), [(-1.0, True), (1000.0, False)])
async def test_a_body_that_grows_above_the_limit_counts_if_it_took_long(
    monkeypatch: pytest.MonkeyPatch, grace: float, is_counted: bool
) -> None:
    identity = Counting()
    callers = Callers(cast(Identity, identity), cast(ClientAddresses, None))
    pieces = count()

    async def receive() -> Message:
        if next(pieces) == 3:
            monkeypatch.setattr(bodies, "GRACE_S", grace)
        return {"type": "http.request", "body": b"x" * 30, "more_body": True}

    body = Body(
        {"headers": []},
        receive,
        BodyBudget(1000, unauthenticated=1000, floor=1000),
        unauthenticated("192.0.2.1"),
        limit=LIMIT,
        seconds=60,
        rate=0,
    )
    with refused(ErrorKind.BODY_TOO_LARGE):
        await callers._signed_body(body, "AK", "192.0.2.1")
    assert identity.counted == ([("AK", "192.0.2.1")] if is_counted else [])
