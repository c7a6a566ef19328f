"""Encode and decode tokens and security tokens.

Threat: forged, altered or old tokens.
Rule: a token is a JWT (RFC 7519) signed with HS256 and no other algorithm. It names its user, the
user's generation at issue, and its scope. It carries no permissions: role and state are read from
the database at every use. It has an id, and the ids of the tokens that it was rescoped from:
revoking any of them revokes it. A temporary key is encrypted in its security token.
Residual risk: a stolen token can be used until it expires or is revoked.
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
_MAX_LENGTH = 4096
"""Characters; ours have about 500, and longer texts are rejected without a hash."""
MAX_ANCESTORS = 32
"""Maximum length of a chain of rescoped tokens; 32 make a token of 2 KB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenClaims:
    """Hold the claims of a token.

    Attributes:
        id: 32 random hex digits.
        user_id: its owner.
        generation: the owner's generation at issue; a later one revokes the token.
        project_id: project it is scoped to; None for the owner's account.
        methods: how it was obtained.
        issued_at: UTC, whole seconds.
        expires_at: UTC, whole seconds.
        ancestors: ids of the tokens that it was rescoped from, the nearest first. Empty in
            tokens of versions without this claim.
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
    """Hold the content of a security token.

    Attributes:
        access: the public half of the key.
        secret: the secret half of the key.
        user_id: its owner.
        generation: the owner's generation at issue; a later one revokes the key.
        expires_at: UTC, seconds since 1970.
    """

    access: str
    secret: str = field(repr=False)
    user_id: str
    generation: int
    expires_at: int


class Tokens:
    """Encode and decode tokens and security tokens.

    Args:
        keyring: the key in use signs and encrypts; all accepted keys verify and decrypt.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def encode(self, claims: TokenClaims) -> str:
        """Return the token: ASCII, one line."""
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

    def decode(self, token: str) -> TokenClaims:
        """Return the claims of a token; does not check whether it has expired.

        Raises:
            ServiceError: ``TOKEN_UNREADABLE`` unless an accepted master key signed it.
        """
        if len(token) > _MAX_LENGTH:
            raise ServiceError(
                ErrorKind.TOKEN_UNREADABLE, f"the token has more than {_MAX_LENGTH} characters"
            )
        try:
            payload = self._keyring.first(lambda key: _decoded(token, key))
        except (jwt.PyJWTError, ValueError) as error:
            detail = f"the token is invalid: {type(error).__name__}"
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

    def encode_security_token(self, claims: TemporaryClaims) -> str:
        """Return the security token: ASCII, one line."""
        cipher = self._keyring.in_use().temporary_keys
        encrypted = cipher.encrypt(json.dumps(asdict(claims)).encode(), _SECURITY_TOKEN)
        return base64.urlsafe_b64encode(encrypted).decode()

    def decode_security_token(self, token: bytes) -> TemporaryClaims | None:
        """Return the content of a security token, or None if no accepted key encrypted it."""
        if len(token) > _MAX_LENGTH:
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
    """Return the payload of a token; None if another key signed it."""
    try:
        return jwt.decode(
            token,
            key.token_key,
            algorithms=[_ALGORITHM],
            issuer=_ISSUER,
            # ``Authorizer``, which has the clock, checks the expiry.
            options={"require": _REQUIRED, "verify_exp": False, "verify_iat": False},
        )
    except jwt.InvalidSignatureError:
        return None
