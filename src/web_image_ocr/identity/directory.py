"""Reads accounts, keys, subscriptions; what every call needs is remembered briefly."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from web_image_ocr.identity.cache import TimedCache
from web_image_ocr.identity.database import Database
from web_image_ocr.identity.tables import (
    AccessKeyRow,
    DomainRow,
    EndedTokenRow,
    ProjectRow,
    SubscriptionRow,
    UserRow,
)
from web_image_ocr.identity.values import Domain, PasswordLogin, Project, Reference, Role, User


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownUser:
    """A user as the store has it.

    Attributes:
        user: what may be shown.
        generation: tokens of an earlier one have ended.
        password_hash: encoded argon2id hash.
    """

    user: User
    generation: int
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKey:
    """A permanent key as the store has it.

    Attributes:
        user_id: the owner.
        sealed_secret: the secret half, sealed.
        enabled: whether the key itself is enabled.
    """

    user_id: str
    sealed_secret: bytes = field(repr=False)
    enabled: bool


class Directory:
    """Reads the store.

    Args:
        database: the store.
        cache_seconds: how long all that is remembered is believed.
    """

    def __init__(self, database: Database, cache_seconds: float) -> None:
        self._database = database
        self._users: TimedCache[str, KnownUser] = TimedCache(cache_seconds)
        self._keys: TimedCache[str, KnownKey] = TimedCache(cache_seconds)
        self._projects: TimedCache[str, Project] = TimedCache(cache_seconds)
        self._subscribed: TimedCache[tuple[str, str], bool] = TimedCache(cache_seconds)
        self._ended: TimedCache[str, bool] = TimedCache(cache_seconds)

    def forget(self) -> None:
        """Read everything anew from now on; for changes made by this process."""
        for cache in (self._users, self._keys, self._projects, self._subscribed, self._ended):
            cache.clear()

    def user(self, user_id: str) -> KnownUser | None:
        """The user of this id; remembered."""
        return self._users.get(user_id, lambda: self._read_user(user_id))

    def key(self, access: str) -> KnownKey | None:
        """The permanent key with this public half; remembered."""
        return self._keys.get(access, lambda: self._read_key(access))

    def project(self, project_id: str) -> Project | None:
        """The project of this id; remembered."""
        return self._projects.get(project_id, lambda: self._read_project(project_id))

    def is_subscribed(self, project_id: str, api: str) -> bool:
        """Whether the project has enabled the service; remembered while it has."""
        return (
            self._subscribed.get(
                (project_id, api), lambda: self._read_subscription(project_id, api)
            )
            or False
        )

    def is_ended(self, token_id: str) -> bool:
        """Whether the token was ended before its time; remembered either way."""
        return self._ended.get(token_id, lambda: self._read_ended(token_id)) or False

    def user_signing_in(self, login: PasswordLogin) -> tuple[KnownUser | None, tuple[str, ...]]:
        """The user a login names, read anew, and what to count failures under.

        None when user or account do not fit. The work is the same, and all spellings of a
        user are counted as one, whether there is such a user or not.
        """
        account, name = login.domain, login.user.name or ""
        wanted = UserRow.id == login.user.id if login.user.id else UserRow.name == name
        with self._database.reading() as session:
            domain_id = None if account is None else _domain_id(session, account)
            query = select(UserRow).where(wanted)
            if account is not None:
                query = query.where(UserRow.domain_id == (domain_id or ""))
            row = session.scalars(query).one_or_none()
            if row is not None:
                return known_user(row), (row.domain_id, row.name)
        if login.user.id or account is None:
            return None, (login.user.id or "",)
        return None, (domain_id or account.id or account.name or "", name)

    def projects(self, domain_id: str, name: str | None = None) -> tuple[Project, ...]:
        """The account's projects by name, or the one of exactly that name; read anew."""
        if name is not None and "\0" in name:
            return ()  # PostgreSQL refuses to be asked
        query = select(ProjectRow).where(ProjectRow.domain_id == domain_id)
        if name is not None:
            query = query.where(ProjectRow.name == name)
        with self._database.reading() as session:
            return tuple(
                project_of(row) for row in session.scalars(query.order_by(ProjectRow.name))
            )

    def referenced_project(self, domain_id: str, reference: Reference) -> Project | None:
        """The account's project of this id or name; read anew."""
        for project in self.projects(domain_id):
            if reference.means(project.id, project.name):
                return project
        return None

    def _read_user(self, user_id: str) -> KnownUser | None:
        with self._database.reading() as session:
            row = session.get(UserRow, user_id)
            return None if row is None else known_user(row)

    def _read_key(self, access: str) -> KnownKey | None:
        with self._database.reading() as session:
            row = session.get(AccessKeyRow, access)
            if row is None:
                return None
            return KnownKey(
                user_id=row.user_id, sealed_secret=row.sealed_secret, enabled=row.enabled
            )

    def _read_project(self, project_id: str) -> Project | None:
        with self._database.reading() as session:
            row = session.get(ProjectRow, project_id)
            return None if row is None else project_of(row)

    def _read_subscription(self, project_id: str, api: str) -> bool | None:
        with self._database.reading() as session:
            return None if session.get(SubscriptionRow, (project_id, api)) is None else True

    def _read_ended(self, token_id: str) -> bool:
        with self._database.reading() as session:
            return session.get(EndedTokenRow, token_id) is not None


def _domain_id(session: Session, account: Reference) -> str | None:
    named = DomainRow.id == account.id if account.id else DomainRow.name == account.name
    return session.scalars(select(DomainRow.id).where(named)).one_or_none()


def known_user(row: UserRow) -> KnownUser:
    """The value of a row, while its session lasts."""
    return KnownUser(user=user_of(row), generation=row.generation, password_hash=row.password_hash)


def user_of(row: UserRow) -> User:
    """The value of a row, while its session lasts."""
    return User(
        id=row.id,
        name=row.name,
        domain=Domain(id=row.domain.id, name=row.domain.name),
        role=Role(row.role),
        enabled=row.enabled,
        created_at=row.created_at,
    )


def project_of(row: ProjectRow) -> Project:
    """The value of a row, while its session lasts."""
    return Project(
        id=row.id,
        name=row.name,
        domain=Domain(id=row.domain.id, name=row.domain.name),
        created_at=row.created_at,
    )
