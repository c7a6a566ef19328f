"""Read accounts, keys, subscriptions; what every call needs is cached briefly."""

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
    """Signal that the answer needs the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRecord:
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
class KeyRecord:
    """A permanent key as the store has it.

    Attributes:
        user_id: the owner.
        sealed_secret: the secret half, sealed.
        enabled: whether the key itself is enabled.
    """

    user_id: str
    sealed_secret: bytes = field(repr=False)
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedRecords:
    """Name the records that a change touched; a record named without need costs one read.

    Attributes:
        users: ids; their keys are meant, too.
        keys: public halves.
        projects: ids; what they have enabled is meant, too.
        tokens: ids.
    """

    users: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    projects: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)


class Caches:
    """Hold what was read lately.

    Attributes:
        users: by id.
        keys: by public half.
        projects: by id.
        subscribed: by project and service.
        ended: whether a token was revoked, by the token's id.

    Args:
        seconds: how long it is believed.
    """

    def __init__(self, seconds: float) -> None:
        self.users: TimedCache[str, UserRecord] = TimedCache(seconds)
        self.keys: TimedCache[str, KeyRecord] = TimedCache(seconds)
        self.projects: TimedCache[str, Project] = TimedCache(seconds)
        self.subscribed: TimedCache[tuple[str, str], bool] = TimedCache(seconds)
        self.ended: TimedCache[str, bool] = TimedCache(seconds)

    def forget(self, changed: ChangedRecords) -> None:
        """Read these records again from now on; for changes made by this process."""
        users, keys, projects = changed.users, changed.keys, changed.projects
        for user_id in users:
            self.users.forget(user_id)
        if users or keys:
            self.keys.forget_where(lambda access, key: access in keys or key.user_id in users)
        for project_id in projects:
            self.projects.forget(project_id)
        if projects:
            self.subscribed.forget_where(lambda key, _: key[0] in projects)
        for token_id in changed.tokens:
            self.ended.forget(token_id)


class Records:
    """Answer what every call needs to know.

    Args:
        caches: what was read lately.
        database: where the rest is read; None answers from the caches alone.
    """

    def __init__(self, caches: Caches, database: Database | None) -> None:
        self._caches = caches
        self._database = database

    def user(self, user_id: str) -> UserRecord | None:
        """Return the user of this id; cached."""
        return self._get(self._caches.users, user_id, lambda session: _user(session, user_id))

    def key(self, access: str) -> KeyRecord | None:
        """Return the permanent key with this public half; cached."""
        return self._get(self._caches.keys, access, lambda session: _key(session, access))

    def project(self, project_id: str) -> Project | None:
        """Return the project of this id; cached."""
        return self._get(
            self._caches.projects, project_id, lambda session: _project(session, project_id)
        )

    def is_subscribed(self, project_id: str, api: str) -> bool:
        """Return whether the project has enabled the service; cached while it has."""
        key = (project_id, api)
        found = self._get(
            self._caches.subscribed,
            key,
            lambda session: None if session.get(SubscriptionRow, key) is None else True,
        )
        return found or False

    def is_revoked(self, token_id: str) -> bool:
        """Return whether the token was revoked; cached either way."""
        found = self._get(
            self._caches.ended,
            token_id,
            lambda session: session.get(RevokedTokenRow, token_id) is not None,
        )
        return found or False

    def _get(
        self,
        cache: TimedCache[_Key, _Value],
        key: _Key,
        read: Callable[[Session], _Value | None],
    ) -> _Value | None:
        database = self._database
        if database is None:
            cached = cache.peek(key)
            if cached is None:
                raise CacheMissError
            return cached

        def ask_store() -> _Value | None:
            with database.reading() as session:
                return read(session)

        return cache.get(key, ask_store)


class Directory(Records):
    """Read the store.

    Attributes:
        cached: answers from memory alone; ``CacheMissError`` where that is not enough.

    Args:
        database: the store.
        cache_seconds: how long all that is cached is believed.
    """

    def __init__(self, database: Database, cache_seconds: float) -> None:
        caches = Caches(cache_seconds)
        super().__init__(caches, database)
        self.cached = Records(caches, None)
        self._store = database

    def forget(self, changed: ChangedRecords) -> None:
        """Read these records again from now on; for changes made by this process."""
        self._caches.forget(changed)

    def find_login(self, login: PasswordLogin) -> tuple[UserRecord | None, tuple[str, ...]]:
        """The user a login names, read anew, and what to count failures under.

        None when user or account do not fit. The work is the same, and all spellings of a
        user are counted as one, whether there is such a user or not.
        """
        account, name = login.domain, login.user.name or ""
        wanted = UserRow.id == login.user.id if login.user.id else UserRow.name == name
        with self._store.reading() as session:
            domain_id = None if account is None else _domain_id(session, account)
            query = select(UserRow).where(wanted)
            if account is not None:
                query = query.where(UserRow.domain_id == (domain_id or ""))
            row = session.scalars(query).one_or_none()
            if row is not None:
                return user_record_of(row), (row.domain_id, row.name)
        if login.user.id or account is None:
            return None, (login.user.id or "",)
        if domain_id is None:  # a name that looks like an account's id is not that account
            return None, ("unknown", account.id or account.name or "", name)
        return None, (domain_id, name)

    def project_named(self, domain_id: str, name: str) -> Project | None:
        """Return the account's project of exactly this name; read from the store."""
        if "\0" in name:
            return None  # PostgreSQL refuses to be asked
        return self._project_where(domain_id, ProjectRow.name == name)

    def referenced_project(self, domain_id: str, reference: Reference) -> Project | None:
        """Return the account's project of this id or name; read from the store."""
        if reference.id:
            return self._project_where(domain_id, ProjectRow.id == reference.id)
        return self._project_where(domain_id, ProjectRow.name == reference.name)

    def _project_where(self, domain_id: str, wanted: ColumnElement[bool]) -> Project | None:
        query = select(ProjectRow).where(ProjectRow.domain_id == domain_id, wanted)
        with self._store.reading() as session:
            row = session.scalars(query).one_or_none()
            return None if row is None else project_of(row)


def _user(session: Session, user_id: str) -> UserRecord | None:
    row = session.get(UserRow, user_id)
    return None if row is None else user_record_of(row)


def _key(session: Session, access: str) -> KeyRecord | None:
    row = session.get(AccessKeyRow, access)
    if row is None:
        return None
    return KeyRecord(user_id=row.user_id, sealed_secret=row.sealed_secret, enabled=row.enabled)


def _project(session: Session, project_id: str) -> Project | None:
    row = session.get(ProjectRow, project_id)
    return None if row is None else project_of(row)


def _domain_id(session: Session, account: Reference) -> str | None:
    named = DomainRow.id == account.id if account.id else DomainRow.name == account.name
    return session.scalars(select(DomainRow.id).where(named)).one_or_none()


def user_record_of(row: UserRow) -> UserRecord:
    """The value of a row, while its session lasts."""
    return UserRecord(user=user_of(row), generation=row.generation, password_hash=row.password_hash)


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
