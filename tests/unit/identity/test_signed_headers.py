"""Test the checks of signed headers before the body arrives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.identity import CLIENT, Clock, refused, signed
from web_image_ocr.identity import FirstAccount, Identity, SignedRequest, TokenGrant
from web_image_ocr.primitives.errors import ErrorKind

LogIn = Callable[..., TokenGrant]


def head(request: SignedRequest) -> SignedRequest:
    return replace(request, body=b"")


@pytest.fixture
def call(account: FirstAccount, clock: Clock) -> SignedRequest:
    return signed(str(account.access_key), str(account.secret_key), clock())


def test_a_good_head_passes_and_proves_nothing(
    identity: Identity, account: FirstAccount, call: SignedRequest, clock: Clock
) -> None:
    identity.signatures.check_headers(head(call), CLIENT)
    guess = signed(str(account.access_key), "guess", clock())
    for _ in range(5):  # nothing was tried yet, so nothing is counted
        identity.signatures.check_headers(head(guess), CLIENT)
    identity.signatures.authenticate(call, CLIENT)


def test_both_steps_refuse_alike(
    identity: Identity, account: FirstAccount, call: SignedRequest, clock: Clock
) -> None:
    access, secret = str(account.access_key), str(account.secret_key)
    late = clock() - timedelta(minutes=16)
    calls = [
        (replace(call, headers=call.headers[:-1]), ErrorKind.SIGNATURE_INVALID),
        (replace(call, headers=call.headers[-1:]), ErrorKind.SIGNATURE_INVALID),
        (signed(access, secret, late), ErrorKind.SIGNATURE_EXPIRED),
        (signed("NEVERWAS", secret, late), ErrorKind.SIGNATURE_EXPIRED),
        (signed("NEVERWAS", secret, clock()), ErrorKind.KEY_UNKNOWN),
        (signed(access, secret, clock(), security_token="abc"), ErrorKind.KEY_UNKNOWN),
    ]
    for request, kind in calls:
        with refused(kind):
            identity.signatures.check_headers(head(request), CLIENT)
        with refused(kind):
            identity.signatures.authenticate(request, CLIENT)


def test_an_expired_temporary_key(identity: Identity, log_in: LogIn, clock: Clock) -> None:
    key = identity.temporary_keys.issue(log_in().token)
    clock.advance(900)
    call = signed(key.access, key.secret, clock(), security_token=key.security_token)
    with refused(ErrorKind.SIGNATURE_EXPIRED):
        identity.signatures.check_headers(head(call), CLIENT)


def test_a_key_that_is_disabled_or_locked_while_the_body_comes(
    identity: Identity, account: FirstAccount, call: SignedRequest, clock: Clock
) -> None:
    access = str(account.access_key)
    identity.signatures.check_headers(head(call), CLIENT)
    identity.administration.disable_key(access)
    with refused(ErrorKind.KEY_UNKNOWN):
        identity.signatures.authenticate(call, CLIENT)
    identity.administration.enable_key(access)
    for _ in range(5):
        with refused(ErrorKind.SIGNATURE_INVALID):
            identity.signatures.authenticate(signed(access, "guess", clock()), CLIENT)
    with refused(ErrorKind.KEY_LOCKED):
        identity.signatures.authenticate(call, CLIENT)
    with refused(ErrorKind.KEY_LOCKED):
        identity.signatures.check_headers(head(call), CLIENT)
