"""Resolve tokens to principals and authorize their calls.

Threat: tokens that are forged, expired or revoked, and tokens of one project used for another.
Rule: a token authenticates a user id. State, role, project and subscription come from the
database, at most ``cache_seconds`` old.
Residual risk: this server accepts for as long a token that another server has revoked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from web_image_ocr.identity.directory import RecordReader, UserRecord
from web_image_ocr.identity.tokens import TokenClaims, Tokens
from web_image_ocr.identity.values import (
    API_NAME,
    Credential,
    Principal,
    Project,
    Role,
    TokenGrant,
    User,
)
from web_image_ocr.primitives.audit import set_actor, set_target
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


class Authorizer:
    """Authenticate tokens and check permissions; takes microseconds beside reading the records.

    With the records of ``Directory.cached`` no method blocks. On a cache miss they raise
    ``CacheMissError``, and have changed nothing.
    """

    def __init__(
        self, records: RecordReader, tokens: Tokens, clock: Callable[[], datetime]
    ) -> None:
        self._records = records
        self._tokens = tokens
        self._clock = clock

    def authenticate_token(self, token: str) -> Principal:
        """Return the principal that a token authenticates.

        Raises:
            ServiceError: ``TOKEN_UNREADABLE``; ``TOKEN_EXPIRED`` with ``expires_at`` in
                ``public``; ``TOKEN_REVOKED`` after a sign-out or a new password, or if the
                user is disabled or deleted.
        """
        claims, user = self.resolve_token(token)
        return Principal(user=user.user, credential=Credential.TOKEN, project_id=claims.project_id)

    def check_project(self, principal: Principal, project_id: str) -> None:
        """Return if the principal may use the project.

        Raises:
            ServiceError: ``TOKEN_WITHOUT_PROJECT`` or ``PROJECT_FORBIDDEN``.
        """
        if principal.credential is Credential.TOKEN:
            if principal.project_id is None:
                raise ServiceError(
                    ErrorKind.TOKEN_WITHOUT_PROJECT, "the token is scoped to an account"
                )
            if principal.project_id != project_id:
                raise ServiceError(
                    ErrorKind.PROJECT_FORBIDDEN, "the token is scoped to another project"
                )
        project = self._records.project(project_id)
        if project is None or project.domain.id != principal.user.domain.id:
            raise ServiceError(
                ErrorKind.PROJECT_FORBIDDEN, "the caller's account has no such project"
            )

    def authorize(self, principal: Principal, project_id: str) -> None:
        """Return if the principal may call the service for this project.

        Raises:
            ServiceError: in this order those of ``check_project``, ``ROLE_FORBIDDEN``,
                ``NOT_SUBSCRIBED``.
        """
        self.check_project(principal, project_id)
        self.check_may_call(principal, project_id)

    def check_may_call(self, principal: Principal, project_id: str) -> None:
        """Return if the principal may call the service for this project, once it is the caller's.

        Raises:
            ServiceError: ``ROLE_FORBIDDEN`` or ``NOT_SUBSCRIBED``, in this order.
        """
        if not principal.user.role.may_call:
            raise ServiceError(ErrorKind.ROLE_FORBIDDEN, "the user's role may not call")
        if not self._records.is_subscribed(project_id, API_NAME):
            raise ServiceError(ErrorKind.NOT_SUBSCRIBED, f"the project has not enabled {API_NAME}")

    def project_of(self, principal: Principal) -> Project | None:
        """Return the project of the principal's token; None without one, or if it is deleted."""
        return self._records.project(principal.project_id) if principal.project_id else None

    def inspect_token(self, caller_token: str, subject_token: str) -> TokenGrant:
        """Return the content of a token.

        Users may inspect their own tokens, administrators all tokens of their account.

        Raises:
            ServiceError: as ``authenticate_token`` for ``caller_token``;
                ``SUBJECT_TOKEN_INVALID`` if ``subject_token`` is not valid;
                ``ROLE_FORBIDDEN`` if the caller may not inspect it.
        """
        caller = self.authenticate_token(caller_token).user
        with _subject_errors():
            grant = self._inspect(subject_token)
        _check_may_manage(caller, grant.user)
        return grant

    def authorize_revocation(self, caller_token: str, subject_token: str) -> TokenClaims:
        """Return the claims of the token ``subject_token`` if the caller may revoke it.

        Raises:
            ServiceError: as ``inspect_token``.
        """
        caller = self.authenticate_token(caller_token).user
        set_actor(caller.id)
        with _subject_errors():
            claims, owner = self.resolve_token(subject_token)
        set_target(owner.user.id)
        _check_may_manage(caller, owner.user)
        return claims

    def resolve_token(self, token: str) -> tuple[TokenClaims, UserRecord]:
        """Return the claims and the owner of a valid token.

        Raises:
            ServiceError: ``TOKEN_UNREADABLE``, ``TOKEN_EXPIRED``, ``TOKEN_REVOKED``.
        """
        claims = self._tokens.decode(token)
        if claims.expires_at <= self._clock():
            raise ServiceError(
                ErrorKind.TOKEN_EXPIRED,
                "the token has expired",
                public={"expires_at": claims.expires_at},
            )
        user = self._records.user(claims.user_id)
        if user is None or not user.user.enabled or user.generation != claims.generation:
            raise ServiceError(
                ErrorKind.TOKEN_REVOKED,
                "the token's user is deleted or disabled, or has a new password",
            )
        if any(self._records.is_revoked(token_id) for token_id in claims.lineage):
            raise ServiceError(
                ErrorKind.TOKEN_REVOKED, "the token, or one that it was rescoped from, was revoked"
            )
        return claims, user

    def _inspect(self, token: str) -> TokenGrant:
        claims, user = self.resolve_token(token)
        project = None
        if claims.project_id is not None:
            project = self._records.project(claims.project_id)
            if project is None:
                raise ServiceError(ErrorKind.TOKEN_REVOKED, "the token's project is deleted")
        return TokenGrant(
            token=token,
            methods=claims.methods,
            issued_at=claims.issued_at,
            expires_at=claims.expires_at,
            user=user.user,
            project=project,
        )


@contextmanager
def _subject_errors() -> Iterator[None]:
    """Raise errors of the body as ``SUBJECT_TOKEN_INVALID``: the caller's own token is valid."""
    try:
        yield
    except ServiceError as error:
        if error.kind is ErrorKind.DATABASE_UNAVAILABLE:
            raise
        raise ServiceError(ErrorKind.SUBJECT_TOKEN_INVALID, error.detail) from error


def _check_may_manage(caller: User, owner: User) -> None:
    administers = caller.role is Role.ADMINISTRATOR and caller.domain.id == owner.domain.id
    if owner.id != caller.id and not administers:
        raise ServiceError(ErrorKind.ROLE_FORBIDDEN, "the token is another user's")
