"""Judge tokens: whose they are, for which project, and what their owner may do.

Threat: tokens that are forged, expired or revoked, and tokens of one project used for another.
Rule: a token authenticates an id; state, role, project and subscription are those of the store, at
most ``cache_seconds`` old.
What remains open: what another server has revoked is accepted here for as long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from web_image_ocr.identity.directory import Records, UserRecord
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
    """Judge tokens by what some records say; computes microseconds beside reading them.

    On the records of ``Directory.cached`` no method waits; where the caches are not enough, they
    raise ``CacheMissError``, having changed nothing.

    Args:
        records: users, projects, subscriptions, revoked tokens.
        tokens: reads token texts.
        clock: the time, UTC.
    """

    def __init__(self, records: Records, tokens: Tokens, clock: Callable[[], datetime]) -> None:
        self._records = records
        self._tokens = tokens
        self._clock = clock

    def authenticate_token(self, token: str) -> Principal:
        """Return whose token it is; see ``Identity.authenticate_token``."""
        claims, user = self.resolve_token(token)
        return Principal(user=user.user, credential=Credential.TOKEN, project_id=claims.project_id)

    def check_project(self, principal: Principal, project_id: str) -> None:
        """Return if the project is the principal's.

        Raises:
            ServiceError: ``TOKEN_WITHOUT_PROJECT`` or ``PROJECT_FORBIDDEN``.
        """
        if principal.credential is Credential.TOKEN:
            if principal.project_id is None:
                raise ServiceError(ErrorKind.TOKEN_WITHOUT_PROJECT, "the token is an account's")
            if principal.project_id != project_id:
                raise ServiceError(ErrorKind.PROJECT_FORBIDDEN, "the token is another project's")
        project = self._records.project(project_id)
        if project is None or project.domain.id != principal.user.domain.id:
            raise ServiceError(
                ErrorKind.PROJECT_FORBIDDEN, "the project is not one of the caller's account"
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
        """Return the project of the principal's token; None without one, or when it is gone."""
        return self._records.project(principal.project_id) if principal.project_id else None

    def inspect_token(self, asking: str, subject: str) -> TokenGrant:
        """Return what the token ``subject`` says; see ``Identity.inspect_token``."""
        caller = self.authenticate_token(asking).user
        with _of_the_subject():
            grant = self._inspect(subject)
        _check_may_look_after(caller, grant.user)
        return grant

    def authorize_revocation(self, asking: str, subject: str) -> TokenClaims:
        """Return what the token ``subject`` says if the caller may revoke it.

        Raises:
            ServiceError: as ``inspect_token``.
        """
        caller = self.authenticate_token(asking).user
        set_actor(caller.id)
        with _of_the_subject():
            claims, owner = self.resolve_token(subject)
        set_target(owner.user.id)
        _check_may_look_after(caller, owner.user)
        return claims

    def resolve_token(self, token: str) -> tuple[TokenClaims, UserRecord]:
        """Return what a token says, and its owner.

        Raises:
            ServiceError: ``TOKEN_UNREADABLE``, ``TOKEN_EXPIRED``, ``TOKEN_REVOKED``.
        """
        claims = self._tokens.read(token)
        if claims.expires_at <= self._clock():
            raise ServiceError(
                ErrorKind.TOKEN_EXPIRED,
                "the token has expired",
                public={"expires_at": claims.expires_at},
            )
        user = self._records.user(claims.user_id)
        if user is None or not user.user.enabled or user.generation != claims.generation:
            raise ServiceError(
                ErrorKind.TOKEN_REVOKED, "the token's user is gone, disabled or has a new password"
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
                raise ServiceError(ErrorKind.TOKEN_REVOKED, "the token's project is gone")
        return TokenGrant(
            token=token,
            methods=claims.methods,
            issued_at=claims.issued_at,
            expires_at=claims.expires_at,
            user=user.user,
            project=project,
        )


@contextmanager
def _of_the_subject() -> Iterator[None]:
    """Say that the subject is wrong, not the caller's own token."""
    try:
        yield
    except ServiceError as error:
        if error.kind is ErrorKind.DATABASE_UNAVAILABLE:
            raise
        raise ServiceError(ErrorKind.SUBJECT_TOKEN_INVALID, error.detail) from error


def _check_may_look_after(caller: User, owner: User) -> None:
    administers = caller.role is Role.ADMINISTRATOR and caller.domain.id == owner.domain.id
    if owner.id != caller.id and not administers:
        raise ServiceError(ErrorKind.ROLE_FORBIDDEN, "the token is another user's")
