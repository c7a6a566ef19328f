"""What a user sees of the own account, and the keys of one's own."""

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
"""In place of a user's id: all users of the account."""


class SelfService:
    """The account of one caller; administrators may look after the keys of others, too.

    What belongs to others does not exist for who is no administrator.

    Args:
        principal: the caller.
        accounts: of the caller's account.
        api: the service that projects enable.
    """

    def __init__(self, principal: Principal, accounts: Administration, api: str) -> None:
        self._principal = principal
        self._accounts = accounts
        self._api = api

    def projects(self, page: PageRequest = FIRST_PAGE) -> ResultPage[ProjectState]:
        """Return the account's projects by name."""
        return self._accounts.project_states(self._api, page)

    def project(self, project: str) -> Project:
        """Return one project of the account, by id or name.

        Raises:
            ServiceError: ``RECORD_UNKNOWN``.
        """
        return self._accounts.project(project)

    def keys(
        self, owner: str | None = None, page: PageRequest = FIRST_PAGE
    ) -> ResultPage[AccessKey]:
        """Return keys from the oldest to the newest.

        Args:
            owner: id of a user, or ``ALL_USERS``; None means the caller.
            page: which part of them.

        Raises:
            ServiceError: ``ROLE_FORBIDDEN`` for keys of others, ``RECORD_UNKNOWN``.
        """
        owner = self._owner(owner)
        return self._accounts.access_keys(None if owner == ALL_USERS else owner, page)

    def create_key(self, owner: str | None = None) -> NewAccessKey:
        """A new key of a user, by default of the caller.

        Raises:
            ServiceError: ``ROLE_FORBIDDEN`` for keys of others, ``RECORD_UNKNOWN``;
                ``QUOTA_EXCEEDED`` when the user has as many as a user may have.
        """
        self._check_may_change()
        return self._accounts.create_key(self._owner(owner))

    def switch_key(self, access: str, *, enabled: bool) -> AccessKey:
        """Accept or refuse a key.

        Raises:
            ServiceError: ``RECORD_UNKNOWN``.
        """
        self._check_may_change()
        self._check_is_mine(access)
        if enabled:
            return self._accounts.enable_key(access)
        return self._accounts.disable_key(access)

    def delete_key(self, access: str) -> AccessKey:
        """Forget a key.

        Raises:
            ServiceError: ``RECORD_UNKNOWN``.
        """
        self._check_may_change()
        self._check_is_mine(access)
        return self._accounts.delete_key(access)

    def _owner(self, owner: str | None) -> str:
        me = self._principal.user
        if owner not in {None, me.id} and me.role is not Role.ADMINISTRATOR:
            raise ServiceError(ErrorKind.ROLE_FORBIDDEN, "the keys are another user's")
        return owner or me.id

    def _check_is_mine(self, access: str) -> None:
        me = self._principal.user
        if me.role is Role.ADMINISTRATOR:
            return
        if self._accounts.access_key(access).user_id != me.id:
            raise ServiceError(ErrorKind.RECORD_UNKNOWN, "the user has no such access key")

    def _check_may_change(self) -> None:
        check_may_change(self._principal)


def check_may_change(principal: Principal) -> None:
    """Raise ``ROLE_FORBIDDEN`` for a temporary key: what it made would outlive it."""
    if principal.credential is Credential.TEMPORARY_KEY:
        raise ServiceError(ErrorKind.ROLE_FORBIDDEN, "a temporary key changes nothing")
