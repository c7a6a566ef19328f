"""Tokens and security tokens: what is in them, and how they are made and read.

Threat: forged, altered or old tokens.
Rule: a token is a JWT signed with HS256 and nothing else (RFC 7519); it names its user,
the user's generation when it was issued, and what it is good for. It says nothing about
rights: role and state are read from the store at every use. A temporary key travels
encrypted in its own security token.
It has an id, and the ids of the tokens that it was rescoped from: revoking any of them revokes it.
What remains open: a stolen token can be used until it expires or is revoked.
"""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import jwt

from web_image_ocr.identity.master_keys.keyring import Keyring, MasterKey
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_ALGORITHM = "HS256"
_ISSUER = "web-image-ocr"
_REQUIRED = ["jti", "iss", "sub", "iat", "exp", "generation", "methods", "project"]
_SECURITY_TOKEN = b"security token"
# Ours have about 500 characters; longer ones are not worth a hash.
_LONGEST = 4096
MAX_ANCESTORS = 32
"""Tokens that one was rescoped from, one after the other; 32 make a token of 2 KB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClaims:
    """What a token says.

    Attributes:
        id: 32 random hex digits.
        user_id: its owner.
        generation: the owner's generation at issue; a later one ends the token.
        project_id: what it was issued for; None for the owner's account.
        methods: how it was obtained.
        issued_at: UTC, whole seconds.
        expires_at: UTC, whole seconds.
        ancestors: ids of the tokens that it was rescoped from, the nearest first; tokens
            issued before there was such a claim have none.
    """

    id: str
    user_id: str
    generation: int
    project_id: str | None
    methods: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime
    ancestors: tuple[str, ...] = ()

    @property
    def lineage(self) -> tuple[str, ...]:
        """Return the ids of this token and its ancestors: revoking any of them revokes it."""
        return (self.id, *self.ancestors)


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporaryClaims:
    """What a security token holds.

    Attributes:
        access: the public half of the key.
        secret: the secret half of the key.
        user_id: its owner.
        generation: the owner's generation at issue; a later one ends the key.
        expires_at: UTC, seconds since 1970.
    """

    access: str
    secret: str = field(repr=False)
    user_id: str
    generation: int
    expires_at: int


class Tokens:
    """Makes and reads both kinds.

    Args:
        keyring: the keys of this installation. The one in use signs; those of all accepted
            master keys are read.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def write(self, claims: TokenClaims) -> str:
        """The token's text: ASCII, one line."""
        payload: dict[str, object] = {
            "jti": claims.id,
            "iss": _ISSUER,
            "sub": claims.user_id,
            "iat": int(claims.issued_at.timestamp()),
            "exp": int(claims.expires_at.timestamp()),
            "generation": claims.generation,
            "methods": list(claims.methods),
            "project": claims.project_id or "",
        }
        if claims.ancestors:
            payload["ancestors"] = list(claims.ancestors)
        return jwt.encode(payload, self._keyring.in_use().token_key, algorithm=_ALGORITHM)

    def read(self, token: str) -> TokenClaims:
        """What the token says; whether it has ended is for the caller to judge.

        Raises:
            ServiceError: ``TOKEN_UNREADABLE`` unless it was made with our key.
        """
        if len(token) > _LONGEST:
            raise ServiceError(ErrorKind.TOKEN_UNREADABLE, "the token is too long for one of ours")
        try:
            payload = self._keyring.first(lambda key: _decoded(token, key))
        except (jwt.PyJWTError, ValueError) as error:
            detail = f"the token is not one of ours: {type(error).__name__}"
            raise ServiceError(ErrorKind.TOKEN_UNREADABLE, detail) from None
        if payload is None:
            raise ServiceError(
                ErrorKind.TOKEN_UNREADABLE, "the token is not signed with an accepted master key"
            )
        return TokenClaims(
            id=payload["jti"],
            user_id=payload["sub"],
            generation=payload["generation"],
            project_id=payload["project"] or None,
            methods=tuple(payload["methods"]),
            issued_at=datetime.fromtimestamp(payload["iat"], UTC),
            expires_at=datetime.fromtimestamp(payload["exp"], UTC),
            ancestors=tuple(payload.get("ancestors", ())),
        )

    def write_security_token(self, claims: TemporaryClaims) -> str:
        """The security token's text: ASCII, one line."""
        cipher = self._keyring.in_use().temporary_keys
        encrypted = cipher.encrypt(json.dumps(asdict(claims)).encode(), _SECURITY_TOKEN)
        return base64.urlsafe_b64encode(encrypted).decode()

    def read_security_token(self, token: bytes) -> TemporaryClaims | None:
        """What a security token holds, or None when it is not one of ours."""
        if len(token) > _LONGEST:
            return None
        try:
            encrypted = base64.urlsafe_b64decode(token)
        except ValueError:
            return None
        plain = self._keyring.first(
            lambda key: key.temporary_keys.decrypt(encrypted, _SECURITY_TOKEN)
        )
        return None if plain is None else TemporaryClaims(**json.loads(plain))


def _decoded(token: str, key: MasterKey) -> dict[str, Any] | None:
    """Return what the token says; None when another key has signed it."""
    try:
        return jwt.decode(
            token,
            key.token_key,
            algorithms=[_ALGORITHM],
            issuer=_ISSUER,
            # The service, which has the clock, judges the expiry.
            options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False},
        )
    except jwt.InvalidSignatureError:
        return None
