"""Issue access keys that expire, for the owner of a token."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from web_image_ocr.identity.accounts.new_rows import random_key
from web_image_ocr.identity.audited import audited_as
from web_image_ocr.identity.authorizer import Authorizer
from web_image_ocr.identity.config import MAX_TEMPORARY_KEY_SECONDS, MIN_TEMPORARY_KEY_SECONDS
from web_image_ocr.identity.tokens import TemporaryClaims, Tokens
from web_image_ocr.identity.values import TemporaryKey
from web_image_ocr.primitives.audit import set_actor
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


class TemporaryKeys:
    """Issue temporary keys. The database does not hold them: the security token does, encrypted."""

    def __init__(
        self, authorizer: Authorizer, tokens: Tokens, clock: Callable[[], datetime]
    ) -> None:
        self._authorizer = authorizer
        self._tokens = tokens
        self._clock = clock

    @audited_as("temporary_key_issued")
    def issue(self, token: str, duration_seconds: int = MIN_TEMPORARY_KEY_SECONDS) -> TemporaryKey:
        """Return a temporary key for the user of a token.

        Args:
            token: the caller's token.
            duration_seconds: lifetime, 900 to 86,400.

        Raises:
            ServiceError: as ``Authorizer.authenticate_token``; ``IDENTITY_REQUEST_INVALID`` for
                a duration out of range.
        """
        _, owner = self._authorizer.resolve_token(token)
        set_actor(owner.user.id)
        if not MIN_TEMPORARY_KEY_SECONDS <= duration_seconds <= MAX_TEMPORARY_KEY_SECONDS:
            raise ServiceError(
                ErrorKind.IDENTITY_REQUEST_INVALID,
                f"duration_seconds must be {MIN_TEMPORARY_KEY_SECONDS} to "
                f"{MAX_TEMPORARY_KEY_SECONDS}",
            )
        expires_at = int(self._clock().timestamp()) + duration_seconds
        key = random_key()
        claims = TemporaryClaims(
            access=key.access,
            secret=key.secret,
            user_id=owner.user.id,
            generation=owner.generation,
            expires_at=expires_at,
        )
        return TemporaryKey(
            access=key.access,
            secret=key.secret,
            security_token=self._tokens.encode_security_token(claims),
            expires_at=datetime.fromtimestamp(expires_at, UTC),
        )
