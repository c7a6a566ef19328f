"""Look up and insert rows of one account, and check their constraints."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from web_image_ocr.database.tables import AccessKeyRow, DomainRow, ProjectRow, UserRow
from web_image_ocr.identity.accounts.first_start import oldest_domain
from web_image_ocr.identity.accounts.new_rows import is_id
from web_image_ocr.identity.directory import ChangedRecords
from web_image_ocr.identity.values import AccessKey, Role
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.text import quoted


class AccountRows:
    """Access the rows of one account in a session; missing ones raise ``RECORD_UNKNOWN``.

    Attributes:
        session: database session.
        domain_id: of the account.
        domain_name: of the account.
        touched: rows that were looked up or inserted, and may have changed.

    Args:
        session: database session.
        domain_id: of the account; None means the first account.

    Raises:
        ServiceError: ``RECORD_UNKNOWN`` if there is no such account.
    """

    def __init__(self, session: Session, domain_id: str | None) -> None:
        domain = session.get(DomainRow, domain_id) if domain_id else oldest_domain(session)
        if domain is None:
            raise _unknown("there is no account yet: run web-image-ocr admin init")
        self.domain_id = domain.id
        self.domain_name = domain.name
        self.session = session
        self.touched = ChangedRecords()

    def user(self, user: str) -> UserRow:
        """Return the user of this id or, if the text is not an id, of this name."""
        column = UserRow.id if is_id(user) else UserRow.name
        row = self.session.scalars(
            select(UserRow).where(UserRow.domain_id == self.domain_id, column == user)
        ).one_or_none()
        if row is None:
            raise _unknown(f"no user {quoted(user)}")
        self.touched.users.add(row.id)
        return row

    def project(self, project: str) -> ProjectRow:
        """Return the project of this id or, if the text is not an id, of this name."""
        column = ProjectRow.id if is_id(project) else ProjectRow.name
        row = self.session.scalars(
            select(ProjectRow).where(ProjectRow.domain_id == self.domain_id, column == project)
        ).one_or_none()
        if row is None:
            raise _unknown(f"no project {quoted(project)}")
        self.touched.projects.add(row.id)
        return row

    def key(self, access: str) -> AccessKeyRow:
        """Return the permanent key with this public half."""
        row = self.session.get(AccessKeyRow, access)
        if row is None or row.user.domain_id != self.domain_id:
            raise _unknown(f"no access key {quoted(access)}")
        self.touched.keys.add(access)
        return row

    def check_not_the_last_administrator(self, row: UserRow) -> None:
        """Raise ``RECORD_CONFLICT`` if the account has no other enabled administrator."""
        if row.role != Role.ADMINISTRATOR or not row.enabled:
            return
        another = self.session.scalars(
            select(UserRow.id)
            .where(UserRow.domain_id == self.domain_id, UserRow.id != row.id)
            .where(UserRow.role == Role.ADMINISTRATOR.value, UserRow.enabled)
            .limit(1)
        ).first()
        if another is None:
            raise ServiceError(
                ErrorKind.RECORD_CONFLICT,
                f"user {quoted(row.name)} is the last administrator: "
                "make or enable another one first",
            )

    def insert(self, row: UserRow | ProjectRow | AccessKeyRow, what: str) -> None:
        """Insert a row; raise ``RECORD_CONFLICT`` naming ``what`` if it exists."""
        self.session.add(row)
        try:
            self.session.flush()
        except IntegrityError as error:
            raise ServiceError(ErrorKind.RECORD_CONFLICT, f"{what} exists already") from error
        self.session.refresh(row)
        if isinstance(row, AccessKeyRow):
            self.touched.keys.add(row.access)


def key_of(row: AccessKeyRow) -> AccessKey:
    """Return the value of a row; needs its session."""
    return AccessKey(
        access=row.access,
        user_id=row.user_id,
        user_name=row.user.name,
        enabled=row.enabled,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
    )


def _unknown(detail: str) -> ServiceError:
    return ServiceError(ErrorKind.RECORD_UNKNOWN, detail)
