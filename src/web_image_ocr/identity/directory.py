"""Read users, keys, projects and subscriptions; cache what every call needs."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from web_image_ocr.database.database import Database
from web_image_ocr.database.tables import (
    AccessKeyRow,
    DomainRow,
    ProjectRow,
    RevokedTokenRow,
    SubscriptionRow,
    UserRow,
)
from web_image_ocr.identity.cache import TimedCache
from web_image_ocr.identity.values import Domain, PasswordLogin, Project, Reference, Role, User

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class CacheMissError(Exception):
    """Signal that the answer is not cached and needs the database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRecord:
    """Represent a user as stored.

    Attributes:
        user: public part.
        generation: tokens of an earlier generation are revoked.
        password_hash: encoded argon2id hash.
    """

    user: User
    generation: int
    password_hash: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """Represent a permanent key as stored.

    Attributes:
        user_id: the owner.
        encrypted_secret: the secret half, encrypted.
        enabled: whether the key itself is enabled.
    """

    user_id: str
    encrypted_secret: bytes = field(repr=False)
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRecords:
    """Name the records that a change touched; a superfluous name costs one read.

    Attributes:
        users: ids; includes their keys.
        keys: public halves.
        projects: ids; includes their subscriptions.
        tokens: ids.
    """

    users: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    projects: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)


class Caches:
    """Hold the cached records.

    Attributes:
        users: by id.
        keys: by public half.
        projects: by id.
        subscribed: by project and service.
        revoked: whether a token was revoked, by the token's id.
    """

    def __init__(self, seconds: float) -> None:
        self.users: TimedCache[str, UserRecord] = TimedCache(seconds)
        self.keys: TimedCache[str, KeyRecord] = TimedCache(seconds)
        self.projects: TimedCache[str, Project] = TimedCache(seconds)
        self.subscribed: TimedCache[tuple[str, str], bool] = TimedCache(seconds)
        self.revoked: TimedCache[str, bool] = TimedCache(seconds)

    def invalidate(self, changed: ChangedRecords) -> None:
        """Drop these records after a change made by this process."""
        users, keys, projects = changed.users, changed.keys, changed.projects
        for user_id in users:
            self.users.invalidate(user_id)
        if users or keys:
            self.keys.invalidate_where(lambda access, key: access in keys or key.user_id in users)
        for project_id in projects:
            self.projects.invalidate(project_id)
        if projects:
            self.subscribed.invalidate_where(lambda key, _: key[0] in projects)
        for token_id in changed.tokens:
            self.revoked.invalidate(token_id)


class RecordReader:
    """Read the records that every call needs, through the caches.

    Args:
        caches: cached records.
        database: source of the rest; None raises ``CacheMissError`` instead.
    """

    def __init__(self, caches: Caches, database: Database | None) -> None:
        self._caches = caches
        self._database = database

    def user(self, user_id: str) -> UserRecord | None:
        """Return the user of this id."""
        return self._get(self._caches.users, user_id, lambda session: _user(session, user_id))

    def key(self, access: str) -> KeyRecord | None:
        """Return the permanent key with this public half."""
        return self._get(self._caches.keys, access, lambda session: _key(session, access))

    def project(self, project_id: str) -> Project | None:
        """Return the project of this id."""
        return self._get(
            self._caches.projects, project_id, lambda session: _project(session, project_id)
        )

    def is_subscribed(self, project_id: str, api: str) -> bool:
        """Return whether the project has enabled the service; cached only if it has."""
        key = (project_id, api)
        found = self._get(
            self._caches.subscribed,
            key,
            lambda session: None if session.get(SubscriptionRow, key) is None else True,
        )
        return found or False

    def is_revoked(self, token_id: str) -> bool:
        """Return whether the token was revoked."""
        found = self._get(
            self._caches.revoked,
            token_id,
            lambda session: session.get(RevokedTokenRow, token_id) is not None,
        )
        return found or False

    def _get(
        self, cache: TimedCache[_Key, _Value], key: _Key, read: Callable[[Session], _Value | None]
    ) -> _Value | None:
        database = self._database
        if database is None:
            cached = cache.peek(key)
            if cached is None:
                raise CacheMissError
            return cached

        def read_database() -> _Value | None:
            with database.reading() as session:
                return read(session)

        return cache.get(key, read_database)


class Directory(RecordReader):
    """Read the database through the caches, and the records of a sign-in without them.

    Attributes:
        cached: reads from memory only and raises ``CacheMissError`` on a miss.
    """

    def __init__(self, database: Database, cache_seconds: float) -> None:
        caches = Caches(cache_seconds)
        super().__init__(caches, database)
        self.cached = RecordReader(caches, None)
        self._db = database

    def invalidate(self, changed: ChangedRecords) -> None:
        """Drop these records after a change made by this process."""
        self._caches.invalidate(changed)

    def find_login(self, login: PasswordLogin) -> tuple[UserRecord | None, tuple[str, ...]]:
        """Return the user that a login names, uncached, and the key to count failures under.

        The user is None if user or account do not match. The work is then the same. All
        spellings of a user share one key, also for a user who does not exist.
        """
        account, name = login.domain, login.user.name or ""
        wanted = UserRow.id == login.user.id if login.user.id else UserRow.name == name
        with self._db.reading() as session:
            domain_id = None if account is None else _domain_id(session, account)
            query = select(UserRow).where(wanted)
            if account is not None:
                query = query.where(UserRow.domain_id == (domain_id or ""))
            row = session.scalars(query).one_or_none()
            if row is not None:
                return user_record(row), (row.domain_id, row.name)
        if login.user.id or account is None:
            return None, (login.user.id or "",)
        if domain_id is None:  # a name equal to an account's id is not that account
            return None, ("unknown", account.id or account.name or "", name)
        return None, (domain_id, name)

    def project_named(self, domain_id: str, name: str) -> Project | None:
        """Return the account's project of exactly this name, uncached."""
        if "\0" in name:
            return None  # PostgreSQL rejects such a query
        return self._project_where(domain_id, ProjectRow.name == name)

    def referenced_project(self, domain_id: str, reference: Reference) -> Project | None:
        """Return the account's project of this id or name, uncached."""
        if reference.id:
            return self._project_where(domain_id, ProjectRow.id == reference.id)
        return self._project_where(domain_id, ProjectRow.name == reference.name)

    def _project_where(self, domain_id: str, wanted: ColumnElement[bool]) -> Project | None:
        query = select(ProjectRow).where(ProjectRow.domain_id == domain_id, wanted)
        with self._db.reading() as session:
            row = session.scalars(query).one_or_none()
            return None if row is None else project_of(row)


def _user(session: Session, user_id: str) -> UserRecord | None:
    row = session.get(UserRow, user_id)
    return None if row is None else user_record(row)


def _key(session: Session, access: str) -> KeyRecord | None:
    row = session.get(AccessKeyRow, access)
    if row is None:
        return None
    return KeyRecord(
        user_id=row.user_id, encrypted_secret=row.encrypted_secret, enabled=row.enabled
    )


def _project(session: Session, project_id: str) -> Project | None:
    row = session.get(ProjectRow, project_id)
    return None if row is None else project_of(row)


def _domain_id(session: Session, account: Reference) -> str | None:
    named = DomainRow.id == account.id if account.id else DomainRow.name == account.name
    return session.scalars(select(DomainRow.id).where(named)).one_or_none()


def user_record(row: UserRow) -> UserRecord:
    """Return the value of a row; needs its session."""
    return UserRecord(user=user_of(row), generation=row.generation, password_hash=row.password_hash)


def user_of(row: UserRow) -> User:
    """Return the value of a row; needs its session."""
    return User(
        id=row.id,
        name=row.name,
        domain=Domain(id=row.domain.id, name=row.domain.name),
        role=Role(row.role),
        enabled=row.enabled,
        created_at=row.created_at,
    )


def project_of(row: ProjectRow) -> Project:
    """Return the value of a row; needs its session."""
    return Project(
        id=row.id,
        name=row.name,
        domain=Domain(id=row.domain.id, name=row.domain.name),
        created_at=row.created_at,
    )
