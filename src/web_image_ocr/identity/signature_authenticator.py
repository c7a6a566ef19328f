"""Authenticate requests that are signed with a permanent or temporary access key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from web_image_ocr.identity.audited import SIGNATURE_FAILED, SIGNATURE_REFUSALS, audited_as
from web_image_ocr.identity.brute_force.lockout import Lockout
from web_image_ocr.identity.brute_force.read_only_lockout import ReadOnlyLockout
from web_image_ocr.identity.config import IdentityConfig
from web_image_ocr.identity.directory import Directory
from web_image_ocr.identity.master_keys.keyring import Keyring
from web_image_ocr.identity.signature import (
    SECURITY_TOKEN_HEADER,
    Authorization,
    SignedRequest,
    is_signed_with,
    parse_authorization,
    signing_time,
)
from web_image_ocr.identity.tokens import Tokens
from web_image_ocr.identity.values import Credential, Principal
from web_image_ocr.primitives.audit import record, set_target
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """Hold a key that may have signed, and the principal that it authenticates."""

    secret: str = field(repr=False)
    principal: Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """Hold what the headers of a request claim, after all checks that need no body.

    Attributes:
        authorization: key, signed headers and signature.
        candidate: that key.
        subject: counter of its failures.
        has_failed: whether there are failures, fewer than those that lock.
    """

    authorization: Authorization
    candidate: _Candidate
    subject: str
    has_failed: bool


class SignatureAuthenticator:
    """Verify signatures and lock keys after failures.

    Args:
        config: allowed clock skew.
        directory: permanent keys and users.
        keyring: decrypts the secrets of keys.
        tokens: decodes security tokens.
        lockout: counts failures per key and address.
        on_key_used: called with each permanent key that has signed a valid request.
        clock: returns the current time, UTC.
    """

    def __init__(
        self,
        *,
        config: IdentityConfig,
        directory: Directory,
        keyring: Keyring,
        tokens: Tokens,
        lockout: Lockout,
        on_key_used: Callable[[str], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._skew = timedelta(seconds=config.clock_skew_seconds)
        self._directory = directory
        self._keyring = keyring
        self._tokens = tokens
        self._lockout = lockout
        self._read_only_lockout = ReadOnlyLockout(lockout)
        self._on_key_used = on_key_used
        self._clock = clock

    @audited_as(None, refusals=SIGNATURE_REFUSALS)
    def check_headers(self, request: SignedRequest, client: str, *, may_write: bool = True) -> str:
        """Return the public half of the key if its owner may have signed the request.

        Called before the body is read, so that only clients that know a key can make the server
        hold a body. Authenticates nobody: ``authenticate`` repeats every check, because a key may
        be locked or disabled while the body arrives.

        Args:
            request: as received; its body is ignored.
            client: address of the caller.
            may_write: as in ``authenticate``.

        Raises:
            WriteRequiredError, ServiceError: as ``authenticate``.
        """
        return self._claim(request, client, self._counters(may_write)).authorization.access

    def record_incomplete_body(self, access: str, client: str, seconds: float) -> None:
        """Count a signed request with an incomplete body as a failed attempt.

        Bodies that were in flight at the same time count once. A network that fails during many
        uploads is one failure and does not lock the key.

        Args:
            access: public half of the key, as ``check_headers`` returned it.
            client: address of the caller.
            seconds: how long the server waited for the body.

        Raises:
            ServiceError: ``DATABASE_UNAVAILABLE``; the failure is counted later.
        """
        since = self._clock() - timedelta(seconds=seconds)
        counts = True
        try:
            counts = self._lockout.record_failure(_subject(access), client, since=since)
        finally:  # a pending failure counts as well
            if counts:
                record(SIGNATURE_FAILED, "body_unfinished", target=access)

    @audited_as(None, refusals=SIGNATURE_REFUSALS)
    def authenticate(
        self, request: SignedRequest, client: str, *, may_write: bool = True
    ) -> Principal:
        """Return the principal whose key signed the request.

        Args:
            request: as received; its ``X-Security-Token`` makes the key a temporary one.
            client: address of the caller; failures count per key and address.
            may_write: whether the thread may wait for the database lock.

        Raises:
            WriteRequiredError: if the database has to be written and ``may_write`` is false.
            ServiceError: ``SIGNATURE_INVALID``; ``SIGNATURE_EXPIRED`` if its time is off or the
                temporary key has expired; ``KEY_UNKNOWN`` for a key that does not exist, is
                disabled, or is a temporary one without its token; ``KEY_LOCKED`` with
                ``retry_after`` after too many failures.
        """
        counters = self._counters(may_write)
        claim = self._claim(request, client, counters)
        if not is_signed_with(claim.candidate.secret, request, claim.authorization):
            error = ServiceError(ErrorKind.SIGNATURE_INVALID, "the signature does not match")
            counters.reject(claim.subject, client, error)
        if claim.has_failed:
            counters.reset(claim.subject, client)
        principal = claim.candidate.principal
        if principal.credential is Credential.KEY:
            self._on_key_used(claim.authorization.access)
        return principal

    def _counters(self, may_write: bool) -> Lockout | ReadOnlyLockout:
        return self._lockout if may_write else self._read_only_lockout

    def _claim(
        self, request: SignedRequest, client: str, counters: Lockout | ReadOnlyLockout
    ) -> _Claim:
        """Check everything that needs no body, in the documented order of the errors."""
        authorization = parse_authorization(request)
        if abs(self._clock() - signing_time(request)) > self._skew:
            raise ServiceError(ErrorKind.SIGNATURE_EXPIRED, "the signing time is too far from ours")
        security_token = request.header(SECURITY_TOKEN_HEADER)
        if security_token:
            candidate = self._temporary(authorization.access, security_token)
        else:
            candidate = self._permanent(authorization.access)
        subject = _subject(authorization.access)
        set_target(authorization.access)  # the key exists
        return _Claim(
            authorization=authorization,
            candidate=candidate,
            subject=subject,
            has_failed=counters.check(subject, client),
        )

    def _permanent(self, access: str) -> _Candidate:
        key = self._directory.key(access)
        owner = self._directory.user(key.user_id) if key else None
        if key is None or owner is None or not key.enabled or not owner.user.enabled:
            raise _unknown()
        secret = self._keyring.decrypt_key_secret(key.encrypted_secret, access)
        if secret is None:
            raise ServiceError(
                ErrorKind.DATABASE_UNAVAILABLE,
                "the secret of a key cannot be decrypted: it was altered in the database, or this "
                "server's key file lacks a master key",
            )
        return _Candidate(
            secret=secret, principal=Principal(user=owner.user, credential=Credential.KEY)
        )

    def _temporary(self, access: str, security_token: bytes) -> _Candidate:
        claims = self._tokens.decode_security_token(security_token)
        if claims is None or claims.access != access:
            raise _unknown()
        if claims.expires_at <= self._clock().timestamp():
            raise ServiceError(ErrorKind.SIGNATURE_EXPIRED, "the temporary key has expired")
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
    # The same error for keys that never existed, are disabled or are deleted.
    return ServiceError(ErrorKind.KEY_UNKNOWN, "no such enabled access key")
