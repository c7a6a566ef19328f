"""Read the records of one account page by page, with SQL limits."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, and_, exists, literal, select, tuple_
from sqlalchemy.orm import Session

from web_image_ocr.database.tables import (
    AccessKeyRow,
    ProjectRow,
    SubscriptionRow,
    UserRow,
    UtcDateTime,
)
from web_image_ocr.identity.accounts.account_rows import AccountRows, key_of
from web_image_ocr.identity.accounts.pagination import PageRequest, ResultPage, invalid_marker
from web_image_ocr.identity.directory import project_of, user_of
from web_image_ocr.identity.values import AccessKey, Project, ProjectState, Subscription, User

Selected = TypeVar("Selected", bound=Select[*tuple[Any, ...]])


def users(rows: AccountRows, page: PageRequest) -> ResultPage[User]:
    """Return the account's users by name."""
    query = select(UserRow).where(UserRow.domain_id == rows.domain_id)
    if after := page.after(1):
        query = query.where(UserRow.name > after[0])
    found = rows.session.scalars(query.order_by(UserRow.name).limit(page.limit + 1)).all()
    return ResultPage.of(found, page.limit, user_of, lambda row: (row.name,))


def projects(session: Session, domain_id: str, page: PageRequest) -> ResultPage[Project]:
    """Return an account's projects by name."""
    query = _by_name(select(ProjectRow), domain_id, page)
    found = session.scalars(query).all()
    return ResultPage.of(found, page.limit, project_of, lambda row: (row.name,))


def project_states(rows: AccountRows, api: str, page: PageRequest) -> ResultPage[ProjectState]:
    """Return the account's projects by name, each with whether it has enabled the service."""
    enabled = and_(SubscriptionRow.project_id == ProjectRow.id, SubscriptionRow.api == api)
    columns = select(ProjectRow, SubscriptionRow.api).outerjoin(SubscriptionRow, enabled)
    found = rows.session.execute(_by_name(columns, rows.domain_id, page)).all()
    return ResultPage.of(
        found,
        page.limit,
        lambda row: ProjectState(project=project_of(row[0]), enabled=row[1] is not None),
        lambda row: (row[0].name,),
    )


def access_keys(rows: AccountRows, user: str | None, page: PageRequest) -> ResultPage[AccessKey]:
    """Return the account's keys, or one user's, from the oldest to the newest."""
    if user is not None:
        query = select(AccessKeyRow).where(AccessKeyRow.user_id == rows.user(user).id)
    else:  # EXISTS reads the index in order; a join would be sorted
        query = select(AccessKeyRow).where(
            exists().where(UserRow.id == AccessKeyRow.user_id, UserRow.domain_id == rows.domain_id)
        )
    order = AccessKeyRow.created_at, AccessKeyRow.access
    if after := page.after(2):
        moment = literal(_moment(after[0]), UtcDateTime)
        query = query.where(tuple_(*order) > tuple_(moment, literal(after[1])))
    found = rows.session.scalars(query.order_by(*order).limit(page.limit + 1)).all()
    return ResultPage.of(
        found, page.limit, key_of, lambda row: (row.created_at.isoformat(), row.access)
    )


def subscriptions(rows: AccountRows, page: PageRequest) -> ResultPage[Subscription]:
    """Return what the account's projects have enabled, by project and service."""
    order = ProjectRow.name, SubscriptionRow.api
    query = (
        select(ProjectRow.id, *order)
        .join(SubscriptionRow, SubscriptionRow.project_id == ProjectRow.id)
        .where(ProjectRow.domain_id == rows.domain_id)
    )
    if after := page.after(2):
        query = query.where(tuple_(*order) > tuple_(*(literal(part) for part in after)))
    found = rows.session.execute(query.order_by(*order).limit(page.limit + 1)).all()
    return ResultPage.of(
        found,
        page.limit,
        lambda row: Subscription(project_id=row[0], project_name=row[1], api=row[2]),
        lambda row: (row[1], row[2]),
    )


def _by_name(query: Selected, domain_id: str, page: PageRequest) -> Selected:
    query = query.where(ProjectRow.domain_id == domain_id)
    if after := page.after(1):
        query = query.where(ProjectRow.name > after[0])
    return query.order_by(ProjectRow.name).limit(page.limit + 1)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid_marker() from None
    if moment.tzinfo is None:
        raise invalid_marker()
    return moment
