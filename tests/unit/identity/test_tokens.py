"""Test encoding and decoding of tokens; everything else is unreadable."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.identity import START, refused
from web_image_ocr.identity.master_keys.keyring import Keyring
from web_image_ocr.identity.tokens import TemporaryClaims, TokenClaims, Tokens
from web_image_ocr.primitives.errors import ErrorKind

KEYRING = Keyring.of(bytes(32))
TOKENS = Tokens(KEYRING)
CLAIMS = TokenClaims(
    id=32 * "c",
    user_id=32 * "a",
    generation=3,
    project_id=32 * "b",
    methods=("password",),
    issued_at=START,
    expires_at=datetime(2026, 1, 16, 9, 30, tzinfo=UTC),
)
TEMPORARY = TemporaryClaims(
    access="AK", secret="the secret key", user_id=32 * "a", generation=3, expires_at=1_800_000_000
)
PAYLOAD = {
    "jti": "t",
    "iss": "web-image-ocr",
    "sub": "u",
    "iat": 1,
    "exp": 2,
    "generation": 0,
    "methods": ["password"],
    "project": "",
}


@pytest.mark.parametrize(
    "claims",
    [CLAIMS, replace(CLAIMS, project_id=None), replace(CLAIMS, ancestors=(32 * "d", 32 * "e"))],
)
def test_round_trip(claims: TokenClaims) -> None:
    token = TOKENS.encode(claims)
    assert TOKENS.decode(token) == claims
    assert token.isascii()
    assert token.isprintable()
    assert len(token) < 1000


def test_what_another_installation_signed_is_unreadable() -> None:
    with refused(ErrorKind.TOKEN_UNREADABLE):
        TOKENS.decode(Tokens(Keyring.of(bytes([1]) + bytes(31))).encode(CLAIMS))


@pytest.mark.parametrize("token", ["", "abc", "a.b.c", "图", "x" * 5000, "\udc80", "..", "\0"])
def test_garbage_is_unreadable(token: str) -> None:
    with refused(ErrorKind.TOKEN_UNREADABLE):
        TOKENS.decode(token)


@settings(deadline=None)  # a busy machine is not a failure
@given(st.text(max_size=200))
def test_any_text_is_unreadable(token: str) -> None:
    with refused(ErrorKind.TOKEN_UNREADABLE):
        TOKENS.decode(token)


def test_only_hs256_is_taken() -> None:
    unsigned = jwt.encode(PAYLOAD, "", algorithm="none")
    other = jwt.encode(PAYLOAD, KEYRING.in_use().token_key + bytes(32), algorithm="HS512")
    same_key = jwt.encode(PAYLOAD, KEYRING.in_use().token_key * 2, algorithm="HS512")
    for token in (unsigned, other, same_key):
        with refused(ErrorKind.TOKEN_UNREADABLE):
            TOKENS.decode(token)


@pytest.mark.parametrize("claim", sorted(PAYLOAD))
def test_every_claim_is_required(claim: str) -> None:
    assert TOKENS.decode(jwt.encode(PAYLOAD, KEYRING.in_use().token_key)).user_id == "u"
    short = {name: value for name, value in PAYLOAD.items() if name != claim}
    with refused(ErrorKind.TOKEN_UNREADABLE):
        TOKENS.decode(jwt.encode(short, KEYRING.in_use().token_key))


def test_one_changed_claim_is_noticed() -> None:
    head, payload, signature = TOKENS.encode(CLAIMS).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    claims["project"] = 32 * "c"
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    with refused(ErrorKind.TOKEN_UNREADABLE):
        TOKENS.decode(f"{head}.{forged}.{signature}")


def test_security_token_round_trip_hides_the_secret() -> None:
    token = TOKENS.encode_security_token(TEMPORARY)
    assert TOKENS.decode_security_token(token.encode()) == TEMPORARY
    assert b"the secret key" not in base64.urlsafe_b64decode(token)
    assert TOKENS.encode_security_token(TEMPORARY) != token


@settings(deadline=None)  # a busy machine is not a failure
@given(st.binary(max_size=200))
def test_any_bytes_are_no_security_token(token: bytes) -> None:
    assert TOKENS.decode_security_token(token) is None


@settings(deadline=None)  # a busy machine is not a failure
@given(st.integers(min_value=0), st.integers(1, 255))
def test_an_altered_security_token_does_not_open(place: int, change: int) -> None:
    sealed = bytearray(base64.urlsafe_b64decode(TOKENS.encode_security_token(TEMPORARY)))
    sealed[place % len(sealed)] ^= change
    assert TOKENS.decode_security_token(base64.urlsafe_b64encode(sealed)) is None


def test_no_secret_in_the_repr() -> None:
    assert "the secret key" not in repr(TEMPORARY)
