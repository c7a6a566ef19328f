"""Let users see their account and manage their own keys."""

from __future__ import annotations

from web_image_ocr.identity.accounts.administration import Administration
from web_image_ocr.identity.accounts.pagination import FIRST_PAGE, PageRequest, ResultPage
from web_image_ocr.identity.values import (
    AccessKey,
    Credential,
    NewAccessKey,
    Principal,
    Project,
    ProjectState,
    Role,
)
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

ALL_USERS = "*"
"""Stands for all users of the account, in place of a user id."""


class SelfService:
    """Serve one caller; administrators may also manage the keys of other users.

    For other callers, records of other users do not exist.
    """

    def __init__(self, principal: Principal, accounts: Administration, api: str) -> None:
        self._principal = principal
        self._accounts = accounts
        self._api = api

    def projects(self, page: PageRequest = FIRST_PAGE) -> ResultPage[ProjectState]:
        """Return the account's projects by name."""
        return self._accounts.project_states(self._api, page)

    def project(self, project: str) -> Project:
        """Return one project of the account, by id or name; raise ``RECORD_UNKNOWN`` if missing."""
        return self._accounts.project(project)

    def keys(
        self, owner: str | None = None, page: PageRequest = FIRST_PAGE
    ) -> ResultPage[AccessKey]:
        """Return keys from the oldest to the newest.

        Args:
            owner: id of a user, or ``ALL_USERS``; None means the caller.
            page: requested page.

        Raises:
            ServiceError: ``ROLE_FORBIDDEN`` for keys of others, ``RECORD_UNKNOWN``.
        """
        owner = self._owner(owner)
        return self._accounts.access_keys(None if owner == ALL_USERS else owner, page)

    def create_key(self, owner: str | None = None) -> NewAccessKey:
        """Create a key for a user, by default for the caller.

        Raises:
            ServiceError: ``ROLE_FORBIDDEN`` for keys of others, ``RECORD_UNKNOWN``;
                ``QUOTA_EXCEEDED`` if the user has the maximum number of keys.
        """
        check_may_change(self._principal)
        return self._accounts.create_key(self._owner(owner))

    def switch_key(self, access: str, *, enabled: bool) -> AccessKey:
        """Enable or disable a key; raise ``RECORD_UNKNOWN`` if the caller has no such key."""
        check_may_change(self._principal)
        self._check_owns(access)
        if enabled:
            return self._accounts.enable_key(access)
        return self._accounts.disable_key(access)

    def delete_key(self, access: str) -> AccessKey:
        """Delete a key; raise ``RECORD_UNKNOWN`` if the caller has no such key."""
        check_may_change(self._principal)
        self._check_owns(access)
        return self._accounts.delete_key(access)

    def _owner(self, owner: str | None) -> str:
        me = self._principal.user
        if owner not in {None, me.id} and me.role is not Role.ADMINISTRATOR:
            raise ServiceError(ErrorKind.ROLE_FORBIDDEN, "the keys are another user's")
        return owner or me.id

    def _check_owns(self, access: str) -> None:
        me = self._principal.user
        if me.role is Role.ADMINISTRATOR:
            return
        if self._accounts.access_key(access).user_id != me.id:
            raise ServiceError(ErrorKind.RECORD_UNKNOWN, "the user has no such access key")


def check_may_change(principal: Principal) -> None:
    """Raise ``ROLE_FORBIDDEN`` for a temporary key: what it made would outlive it."""
    if principal.credential is Credential.TEMPORARY_KEY:
        raise ServiceError(ErrorKind.ROLE_FORBIDDEN, "a temporary key must not change accounts")
