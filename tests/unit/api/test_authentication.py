"""Withheld signed bodies count as failed attempts, once for bodies under way together."""

from __future__ import annotations

import time
from itertools import count
from types import SimpleNamespace
from typing import cast

import pytest
from starlette.types import Message

from tests.support.identity import refused
from web_image_ocr.api import authentication
from web_image_ocr.api.authentication import Authenticator, IncompleteBodies
from web_image_ocr.api.client_addresses import ClientAddresses
from web_image_ocr.api.identity_gateway import IdentityGateway
from web_image_ocr.api.limits import bodies
from web_image_ocr.api.limits.bodies import Body
from web_image_ocr.api.limits.body_budget import BodyBudget, unauthenticated
from web_image_ocr.identity import Identity
from web_image_ocr.primitives.errors import ErrorKind


class FakeSignatures:
    """Remember incomplete bodies."""

    def __init__(self) -> None:
        self.counted: list[tuple[str, str]] = []

    def record_incomplete_body(self, access: str, client: str, _: float) -> None:
        self.counted.append((access, client))


@pytest.mark.parametrize(("grace", "is_counted"), [(-1.0, True), (1000.0, False)])
async def test_a_body_that_grows_above_the_limit_counts_if_it_took_long(
    monkeypatch: pytest.MonkeyPatch, grace: float, is_counted: bool
) -> None:
    signatures = FakeSignatures()
    identity = SimpleNamespace(password_threads=1, signatures=signatures)
    gateway = IdentityGateway(cast(Identity, identity))
    authenticator = Authenticator(gateway, cast(ClientAddresses, None))
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
        limit=100,
        seconds=60,
        rate=0,
    )
    with refused(ErrorKind.BODY_TOO_LARGE):
        await authenticator._read_signed(body, "AK", "192.0.2.1")
    assert signatures.counted == ([("AK", "192.0.2.1")] if is_counted else [])


def test_bodies_under_way_together_count_once() -> None:
    incomplete = IncompleteBodies()
    started = time.monotonic()
    assert [incomplete.counts("K", "n", started) for _ in range(20)] == [True] + [False] * 19


def test_a_body_that_began_later_counts_again() -> None:
    incomplete = IncompleteBodies()
    assert incomplete.counts("K", "n", time.monotonic())
    time.sleep(0.001)
    assert incomplete.counts("K", "n", time.monotonic())


def test_other_keys_and_networks_count_separately() -> None:
    incomplete = IncompleteBodies()
    started = time.monotonic()
    assert incomplete.counts("K", "n", started)
    assert incomplete.counts("K", "m", started)
    assert incomplete.counts("J", "n", started)


def test_memory_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authentication, "_MAX_INCOMPLETE", 2)
    incomplete = IncompleteBodies()
    started = time.monotonic()
    for key in "ABC":
        assert incomplete.counts(key, "n", started)
    assert not incomplete.counts("C", "n", started)
    assert incomplete.counts("A", "n", started)  # evicted, so it counts again
