"""Who is calling and what may be done: the one door to accounts, tokens and keys.

All methods are synchronous, block (store, password hashes) and are safe to call from
many threads; an event loop calls them through a thread. Any of them raises
``STORE_UNAVAILABLE`` when the store does not answer; nobody is let in then.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from web_image_ocr.identity.config import IdentityConfig
from web_image_ocr.identity.signature import SignedRequest
from web_image_ocr.identity.values import (
    FirstAccount,
    PasswordLogin,
    Principal,
    Project,
    Scope,
    TemporaryKey,
    TokenGrant,
)

API_NAME = "web-image"
"""The service that projects enable, as in the path of its call."""


def utc_now() -> datetime:
    """The time of the machine, UTC."""
    return datetime.now(UTC)


class Identity:
    """Accounts, tokens and keys of one store.

    Opening it brings the store to the newest form and makes ``master.key`` on the first
    start; several servers may do so at once.

    Args:
        config: where the store is and how long things live.
        data_dir: folder of the store and the key where ``config`` does not name them;
            made if absent.
        clock: the time, UTC; exchanged in tests.

    Raises:
        ServiceError: ``STORE_UNAVAILABLE``; ``CONFIGURATION_INVALID`` when the master
            key is unreadable or is not the one of this store, or the store was written
            by a newer version.
    """

    def __init__(
        self,
        config: IdentityConfig,
        data_dir: Path,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Give back the store's connections."""
        raise NotImplementedError

    def check(self) -> None:
        """Ask the store for a sign of life; for readiness."""
        raise NotImplementedError

    # -- first start

    def initialize(
        self,
        *,
        domain_name: str = "default",
        user_name: str = "admin",
        project_name: str = "cn-north-4",
        password: str | None = None,
    ) -> FirstAccount:
        """Make the first account, or say which one there is.

        On an empty store: one account, its administrator, one project with the service
        enabled, one access key. Of several callers at once exactly one makes them.

        Args:
            domain_name: name of the account.
            user_name: name of the administrator.
            project_name: name of the project, like a region.
            password: of the administrator; None makes a random one.

        Raises:
            ServiceError: ``IDENTITY_REQUEST_INVALID`` for an unusable name or password.
        """
        raise NotImplementedError

    # -- proving who calls

    def authenticate_token(self, token: str) -> Principal:
        """Whose token it is.

        Raises:
            ServiceError: ``TOKEN_UNREADABLE``; ``TOKEN_EXPIRED`` with ``expires_at`` in
                ``public``; ``TOKEN_ENDED`` after a new password or when the user is
                disabled or deleted.
        """
        raise NotImplementedError

    def authenticate_signature(self, request: SignedRequest, client: str) -> Principal:
        """Whose key signed the request.

        Args:
            request: as received; its ``X-Security-Token`` makes the key a temporary one.
            client: address of the caller; failures are counted per key and address.

        Raises:
            ServiceError: ``SIGNATURE_INVALID``; ``SIGNATURE_EXPIRED`` when its time is
                off or the temporary key has ended; ``KEY_UNKNOWN`` for a key that does
                not exist, is disabled, or is a temporary one without its token;
                ``KEY_LOCKED`` with ``retry_after`` after too many failures.
        """
        raise NotImplementedError

    def authorize(self, principal: Principal, project_id: str) -> None:
        """Return if the principal may call the service for this project.

        Raises:
            ServiceError: in this order ``TOKEN_WITHOUT_PROJECT``, ``PROJECT_FORBIDDEN``,
                ``ROLE_FORBIDDEN``, ``NOT_SUBSCRIBED``.
        """
        raise NotImplementedError

    # -- the identity API

    def log_in(self, login: PasswordLogin, client: str) -> TokenGrant:
        """A new token for a password; earlier tokens stay good.

        Args:
            login: user, password and scope.
            client: address of the caller; failures are counted per user and address.

        Raises:
            ServiceError: ``LOGIN_FAILED`` whatever is wrong with account, user, password
                or scope; ``LOGIN_LOCKED`` with ``retry_after`` after too many failures.
        """
        raise NotImplementedError

    def rescope(self, token: str, scope: Scope) -> TokenGrant:
        """A token for another scope in exchange for a good one; it ends when that ends.

        Raises:
            ServiceError: as ``authenticate_token``; ``LOGIN_FAILED`` for a scope that the
                user does not have.
        """
        raise NotImplementedError

    def inspect_token(self, asking: str, subject: str) -> TokenGrant:
        """What the token ``subject`` says.

        Users may look at their own tokens, administrators at those of their account.

        Args:
            asking: the caller's token.
            subject: the token asked about.

        Raises:
            ServiceError: as ``authenticate_token`` for ``asking``;
                ``SUBJECT_TOKEN_INVALID`` when ``subject`` is not a good token;
                ``ROLE_FORBIDDEN`` when the caller may not look at it.
        """
        raise NotImplementedError

    def issue_temporary_key(self, token: str, duration_seconds: int = 900) -> TemporaryKey:
        """A key for the token's user that ends by itself.

        Args:
            token: the caller's token.
            duration_seconds: 900 to 86,400.

        Raises:
            ServiceError: as ``authenticate_token``; ``IDENTITY_REQUEST_INVALID`` for
                another duration.
        """
        raise NotImplementedError

    def projects(self, principal: Principal, name: str | None = None) -> tuple[Project, ...]:
        """The projects of the principal's account by name, or the one of exactly that name."""
        raise NotImplementedError
