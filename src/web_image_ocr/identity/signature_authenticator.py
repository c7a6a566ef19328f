"""Access keys, permanent and temporary: whose key signed a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from web_image_ocr.identity.accounts.new_rows import random_key
from web_image_ocr.identity.audited import SIGNATURE_FAILED, SIGNATURE_REFUSALS, audited_as
from web_image_ocr.identity.brute_force.lockout import Lockout
from web_image_ocr.identity.brute_force.read_only_lockout import ReadOnlyLockout
from web_image_ocr.identity.config import (
    MAX_TEMPORARY_KEY_SECONDS,
    MIN_TEMPORARY_KEY_SECONDS,
    IdentityConfig,
)
from web_image_ocr.identity.directory import Directory, UserRecord
from web_image_ocr.identity.master_keys.keyring import Keyring
from web_image_ocr.identity.signature import (
    SECURITY_TOKEN_HEADER,
    Authorization,
    SignedRequest,
    is_signed_with,
    read_authorization,
    signing_time,
)
from web_image_ocr.identity.tokens import TemporaryClaims, Tokens
from web_image_ocr.identity.values import Credential, Principal, TemporaryKey
from web_image_ocr.primitives.audit import record, set_target
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A key that may have signed, and what its owner becomes if it did."""

    secret: str = field(repr=False)
    principal: Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """What the headers of a request say and the store does not deny.

    Attributes:
        authorization: which key is said to have signed what.
        candidate: that key.
        subject: what failures are counted under.
        has_failed: whether failures are on record, not yet enough for the lock.
    """

    authorization: Authorization
    candidate: _Candidate
    subject: str
    has_failed: bool


class SignatureAuthenticator:
    """Checks signatures and makes temporary keys.

    Args:
        config: clock skew.
        directory: where permanent keys and users are read.
        keyring: decrypts the secrets of keys.
        tokens: reads security tokens.
        lockout: counts failures per key and address; one that only reads has ``check_headers``
            and ``authenticate`` raise ``WriteRequiredError`` where something has to be written.
        used: told each permanent key that has signed rightly.
        clock: the time, UTC.
    """

    def __init__(
        self,
        *,
        config: IdentityConfig,
        directory: Directory,
        keyring: Keyring,
        tokens: Tokens,
        lockout: Lockout | ReadOnlyLockout,
        used: Callable[[str], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._skew = timedelta(seconds=config.clock_skew_seconds)
        self._directory = directory
        self._keyring = keyring
        self._tokens = tokens
        self._lockout = lockout
        self._used = used
        self._clock = clock

    @audited_as(None, refusals=SIGNATURE_REFUSALS)
    def check_headers(self, request: SignedRequest, client: str) -> str:
        """Refuse what needs no body; see ``Identity.check_signed_headers``."""
        return self._claim(request, client).authorization.access

    def record_unfinished(self, access: str, client: str, seconds: float) -> None:
        """Count a body that did not come; see ``Identity.record_incomplete_body``."""
        since = self._clock() - timedelta(seconds=seconds)
        counts = True
        try:
            counts = self._lockout.record_failure(_subject(access), client, since=since)
        finally:  # one that is owed counts as well
            if counts:
                record(SIGNATURE_FAILED, "body_unfinished", target=access)

    @audited_as(None, refusals=SIGNATURE_REFUSALS)
    def authenticate(self, request: SignedRequest, client: str) -> Principal:
        """Whose key signed the request; see ``Identity.authenticate_signature``."""
        claim = self._claim(request, client)
        if not is_signed_with(claim.candidate.secret, request, claim.authorization):
            error = ServiceError(ErrorKind.SIGNATURE_INVALID, "the signature is another one")
            self._lockout.refuse(claim.subject, client, error)
        if claim.has_failed:
            self._lockout.forget(claim.subject, client)
        principal = claim.candidate.principal
        if principal.credential is Credential.KEY:
            self._used(claim.authorization.access)
        return principal

    def issue_temporary(self, owner: UserRecord, duration_seconds: int) -> TemporaryKey:
        """A temporary key; see ``Identity.issue_temporary_key``."""
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
            security_token=self._tokens.write_security_token(claims),
            expires_at=datetime.fromtimestamp(expires_at, UTC),
        )

    def _claim(self, request: SignedRequest, client: str) -> _Claim:
        """All that is known without the body, in the order in which callers are told."""
        authorization = read_authorization(request)
        if abs(self._clock() - signing_time(request)) > self._skew:
            raise ServiceError(ErrorKind.SIGNATURE_EXPIRED, "the signing time is too far from ours")
        security_token = request.header(SECURITY_TOKEN_HEADER)
        if security_token:
            candidate = self._temporary(authorization.access, security_token)
        else:
            candidate = self._permanent(authorization.access)
        subject = _subject(authorization.access)
        set_target(authorization.access)  # a key that exists
        return _Claim(
            authorization=authorization,
            candidate=candidate,
            subject=subject,
            has_failed=self._lockout.check(subject, client),
        )

    def _permanent(self, access: str) -> _Candidate:
        key = self._directory.key(access)
        owner = self._directory.user(key.user_id) if key else None
        if key is None or owner is None or not key.enabled or not owner.user.enabled:
            raise _unknown()
        secret = self._keyring.decrypt_key_secret(key.sealed_secret, access)
        if secret is None:
            raise ServiceError(
                ErrorKind.DATABASE_UNAVAILABLE,
                "the secret of a key cannot be decrypted: it was altered in the store, or this "
                "server's key file lacks a master key",
            )
        return _Candidate(
            secret=secret,
            principal=Principal(user=owner.user, credential=Credential.KEY),
        )

    def _temporary(self, access: str, security_token: bytes) -> _Candidate:
        claims = self._tokens.read_security_token(security_token)
        if claims is None or claims.access != access:
            raise _unknown()
        if claims.expires_at <= self._clock().timestamp():
            raise ServiceError(ErrorKind.SIGNATURE_EXPIRED, "the temporary key has ended")
        owner = self._directory.user(claims.user_id)
        if owner is None or not owner.user.enabled or owner.generation != claims.generation:
            raise _unknown()
        return _Candidate(
            secret=claims.secret,
            principal=Principal(user=owner.user, credential=Credential.TEMPORARY_KEY),
        )


def _subject(access: str) -> str:
    return f"key:{access}"


def _unknown() -> ServiceError:
    # One answer for keys that never were, that are disabled, and that are deleted.
    return ServiceError(ErrorKind.KEY_UNKNOWN, "no such enabled access key")
