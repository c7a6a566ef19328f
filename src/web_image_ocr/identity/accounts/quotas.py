"""Limit the records of one account and one user, so that no caller fills the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, func, select

from web_image_ocr.database.tables import AccessKeyRow, ProjectRow, UserRow
from web_image_ocr.identity.accounts.account_rows import AccountRows
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """Limit the number of records; 0 means no limit.

    Checks run after the insert, in the same transaction.

    Attributes:
        keys: permanent access keys of one user, including disabled ones.
        users: users of one account.
        projects: projects of one account.
    """

    keys: int
    users: int
    projects: int

    def check_keys(self, rows: AccountRows, user_id: str) -> None:
        """Raise ``QUOTA_EXCEEDED`` if the user has too many keys."""
        of_user = AccessKeyRow.user_id == user_id
        _check(rows, of_user, self.keys, "access keys of one user", "max_keys_per_user")

    def check_users(self, rows: AccountRows) -> None:
        """Raise ``QUOTA_EXCEEDED`` if the account has too many users."""
        _check(rows, UserRow.domain_id == rows.domain_id, self.users, "users", "max_users")

    def check_projects(self, rows: AccountRows) -> None:
        """Raise ``QUOTA_EXCEEDED`` if the account has too many projects."""
        of_account = ProjectRow.domain_id == rows.domain_id
        _check(rows, of_account, self.projects, "projects", "max_projects")


NO_QUOTAS: Final = Quotas(keys=0, users=0, projects=0)


def _check(
    rows: AccountRows, which: ColumnElement[bool], most: int, what: str, setting: str
) -> None:
    if not most:
        return
    found = rows.session.scalars(select(func.count()).where(which)).one()
    if found > most:
        raise ServiceError(
            ErrorKind.QUOTA_EXCEEDED,
            f"at most {most} {what}: delete one, or have the operator raise identity.{setting}",
        )
