"""Create the first account of a database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_image_ocr.database.database import Database
from web_image_ocr.database.tables import AccessKeyRow, DomainRow, ProjectRow, UserRow
from web_image_ocr.identity.accounts.new_rows import (
    new_access_key,
    new_domain,
    new_project,
    new_subscription,
    new_user,
    random_key,
)
from web_image_ocr.identity.master_keys.keyring import Keyring
from web_image_ocr.identity.master_keys.state import in_use
from web_image_ocr.identity.passwords import HasherPool, check_format, generated_password
from web_image_ocr.identity.values import FirstAccount, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstNames:
    """Hold the names of the first account.

    Attributes:
        domain: name of the account.
        user: name of its administrator.
        project: name of its project, like a region.
        api: service enabled for the project.
        password: password of the administrator; None generates one.
    """

    domain: str
    user: str
    project: str
    api: str
    password: str | None = field(repr=False)


def create_first_account(
    database: Database, keyring: Keyring, passwords: HasherPool, names: FirstNames, now: datetime
) -> FirstAccount:
    """Create the first account, or describe the existing one.

    Raises:
        ServiceError: ``IDENTITY_REQUEST_INVALID`` for an invalid name or password.
    """
    with database.reading() as session:
        if (found := _found(session)) is not None:
            return found
    if names.password is None:
        password = generated_password()
        with passwords.slot() as hasher:
            password_hash = hasher.hash(password)
    else:
        password = names.password
        check_format(password)
        with passwords.slot() as hasher:
            password_hash = hasher.hash_new(password, names.user, names.domain)
    with database.writing(exclusive=True) as session:
        if (found := _found(session)) is not None:
            return found
        domain = new_domain(names.domain, now)
        user = new_user(domain.id, names.user, password_hash, Role.ADMINISTRATOR, now)
        project = new_project(domain.id, names.project, now)
        key = random_key()
        key_row = new_access_key(user.id, key, keyring.key(in_use(session)), now)
        # In the order of the foreign keys.
        for row in (domain, user, project, key_row, new_subscription(project.id, names.api, now)):
            session.add(row)
            session.flush()
        return FirstAccount(
            created=True,
            domain=domain.name,
            user=user.name,
            password=password,
            project_id=project.id,
            project_name=project.name,
            access_key=key.access,
            secret_key=key.secret,
        )


def oldest_domain(session: Session) -> DomainRow | None:
    """Return the first account, None in an empty database."""
    return session.scalars(select(DomainRow).order_by(DomainRow.created_at).limit(1)).first()


def _found(session: Session) -> FirstAccount | None:
    domain = oldest_domain(session)
    if domain is None:
        return None
    user = session.scalars(
        select(UserRow)
        .where(UserRow.domain_id == domain.id, UserRow.role == Role.ADMINISTRATOR.value)
        .order_by(UserRow.created_at)
        .limit(1)
    ).first()
    project = session.scalars(
        select(ProjectRow)
        .where(ProjectRow.domain_id == domain.id)
        .order_by(ProjectRow.created_at)
        .limit(1)
    ).first()
    key = (
        None
        if user is None
        else session.scalars(
            select(AccessKeyRow)
            .where(AccessKeyRow.user_id == user.id, AccessKeyRow.enabled)
            .order_by(AccessKeyRow.created_at)
            .limit(1)
        ).first()
    )
    return FirstAccount(
        created=False,
        domain=domain.name,
        user=user.name if user else None,
        password=None,
        project_id=project.id if project else None,
        project_name=project.name if project else None,
        access_key=key.access if key else None,
        secret_key=None,
    )
