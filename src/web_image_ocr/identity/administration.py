"""Users, projects, keys and subscriptions as the operator of the server manages them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from web_image_ocr.identity.database import Database
from web_image_ocr.identity.directory import project_of, user_of
from web_image_ocr.identity.first_start import oldest_domain
from web_image_ocr.identity.keyring import Keyring
from web_image_ocr.identity.passwords import PasswordHashes, check_new_password, generated_password
from web_image_ocr.identity.records import (
    KeyPair,
    new_access_key,
    new_project,
    new_subscription,
    new_user,
    random_key,
)
from web_image_ocr.identity.tables import (
    AccessKeyRow,
    DomainRow,
    ProjectRow,
    SubscriptionRow,
    UserRow,
)
from web_image_ocr.identity.values import (
    AccessKey,
    NewAccessKey,
    NewPassword,
    Project,
    Role,
    Subscription,
    User,
)
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


class Administration:
    """Changes the account of the store; other servers notice within the cache's seconds.

    Every method raises ``RECORD_UNKNOWN`` for what does not exist (also when there is no
    account yet), ``RECORD_CONFLICT`` for what exists already or must stay, and
    ``IDENTITY_REQUEST_INVALID`` for an unusable name or password. Users and projects are
    given by id or name.

    Args:
        database: the store.
        keyring: seals new secrets.
        passwords: turns for hashing.
        changed: called after each change, so that this process notices at once.
        clock: the time, UTC.
    """

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        passwords: PasswordHashes,
        changed: Callable[[], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._passwords = passwords
        self._changed = changed
        self._clock = clock

    # -- users

    def users(self) -> tuple[User, ...]:
        """All users by name."""
        with self._database.reading() as session:
            rows = session.scalars(
                select(UserRow)
                .where(UserRow.domain_id == _account(session).id)
                .order_by(UserRow.name)
            )
            return tuple(user_of(row) for row in rows)

    def create_user(
        self, name: str, role: Role = Role.CALLER, password: str | None = None
    ) -> NewPassword:
        """A new user, with the password or, without one, a random one."""
        drawn, hashed = self._hashed(password)
        with self._changing() as session:
            row = new_user(_account(session).id, name, hashed, role, self._clock())
            _insert(session, row, f"user {name!r}")
            return NewPassword(user=user_of(row), password=drawn)

    def set_password(self, user: str, password: str | None = None) -> NewPassword:
        """Another password, given or random; ends the user's tokens and temporary keys."""
        drawn, hashed = self._hashed(password)
        with self._changing() as session:
            row = _user(session, user)
            row.password_hash = hashed
            row.generation += 1
            return NewPassword(user=user_of(row), password=drawn)

    def enable_user(self, user: str) -> User:
        """Let the user in again; what was issued before stays ended."""
        with self._changing() as session:
            row = _user(session, user)
            row.enabled = True
            return user_of(row)

    def disable_user(self, user: str) -> User:
        """Refuse the user's password and keys; ends tokens and temporary keys for good.

        Raises:
            ServiceError: ``RECORD_CONFLICT`` for the last enabled administrator.
        """
        with self._changing(alone=True) as session:
            row = _user(session, user)
            _check_not_the_last_administrator(session, row)
            row.enabled = False
            row.generation += 1
            return user_of(row)

    def delete_user(self, user: str) -> User:
        """Forget the user and the user's keys.

        Raises:
            ServiceError: ``RECORD_CONFLICT`` for the last enabled administrator.
        """
        with self._changing(alone=True) as session:
            row = _user(session, user)
            _check_not_the_last_administrator(session, row)
            gone = user_of(row)
            session.execute(delete(UserRow).where(UserRow.id == row.id))
            return gone

    # -- projects

    def projects(self) -> tuple[Project, ...]:
        """All projects by name."""
        with self._database.reading() as session:
            rows = session.scalars(
                select(ProjectRow)
                .where(ProjectRow.domain_id == _account(session).id)
                .order_by(ProjectRow.name)
            )
            return tuple(project_of(row) for row in rows)

    def create_project(self, name: str) -> Project:
        """A new project; it has enabled nothing yet."""
        with self._changing() as session:
            row = new_project(_account(session).id, name, self._clock())
            _insert(session, row, f"project {name!r}")
            return project_of(row)

    def delete_project(self, project: str) -> Project:
        """Forget the project and what it has enabled."""
        with self._changing() as session:
            row = _project(session, project)
            gone = project_of(row)
            session.execute(delete(ProjectRow).where(ProjectRow.id == row.id))
            return gone

    # -- keys

    def access_keys(self, user: str | None = None) -> tuple[AccessKey, ...]:
        """All keys, or one user's, from the oldest to the newest."""
        with self._database.reading() as session:
            query = select(AccessKeyRow).join(AccessKeyRow.user)
            query = query.where(UserRow.domain_id == _account(session).id)
            if user is not None:
                query = query.where(AccessKeyRow.user_id == _user(session, user).id)
            rows = session.scalars(query.order_by(AccessKeyRow.created_at))
            return tuple(_key_of(row) for row in rows)

    def create_key(self, user: str) -> NewAccessKey:
        """A new key of the user; its secret is not shown again."""
        key = random_key()
        owner = self._keep_key(user, key)
        return NewAccessKey(access=key.access, secret=key.secret, user_id=owner)

    def import_key(self, user: str, access: str, secret: str) -> AccessKey:
        """A key that clients have already, so that they need not be told another.

        Args:
            user: its owner.
            access: the public half, 1 to 32 letters and digits.
            secret: the secret half, 1 to 128 letters, digits and ``+/=_-``.
        """
        self._keep_key(user, KeyPair(access=access, secret=secret))
        with self._database.reading() as session:
            return _key_of(_key(session, access))

    def enable_key(self, access: str) -> AccessKey:
        """Accept the key again."""
        return self._switch_key(access, enabled=True)

    def disable_key(self, access: str) -> AccessKey:
        """Refuse the key as if it did not exist."""
        return self._switch_key(access, enabled=False)

    def delete_key(self, access: str) -> AccessKey:
        """Forget the key."""
        with self._changing() as session:
            row = _key(session, access)
            gone = _key_of(row)
            session.delete(row)
            return gone

    # -- subscriptions

    def subscriptions(self) -> tuple[Subscription, ...]:
        """What the projects have enabled, by project and service."""
        with self._database.reading() as session:
            rows = session.execute(
                select(ProjectRow.id, ProjectRow.name, SubscriptionRow.api)
                .join(SubscriptionRow, SubscriptionRow.project_id == ProjectRow.id)
                .where(ProjectRow.domain_id == _account(session).id)
                .order_by(ProjectRow.name, SubscriptionRow.api)
            )
            return tuple(
                Subscription(project_id=id_, project_name=name, api=api) for id_, name, api in rows
            )

    def enable(self, project: str, api: str) -> Subscription:
        """Enable the service for the project; no error if it is."""
        with self._changing() as session:
            row = _project(session, project)
            if session.get(SubscriptionRow, (row.id, api)) is None:
                session.add(new_subscription(row.id, api, self._clock()))
            return Subscription(project_id=row.id, project_name=row.name, api=api)

    def disable(self, project: str, api: str) -> Subscription:
        """Switch the service off for the project; no error if it is."""
        with self._changing() as session:
            row = _project(session, project)
            subscription = session.get(SubscriptionRow, (row.id, api))
            if subscription is not None:
                session.delete(subscription)
            return Subscription(project_id=row.id, project_name=row.name, api=api)

    @contextmanager
    def _changing(self, *, alone: bool = False) -> Iterator[Session]:
        with self._database.writing(alone=alone) as session:
            yield session
        self._changed()

    def _hashed(self, password: str | None) -> tuple[str | None, str]:
        """The password drawn where none is given, and the hash of the one in force."""
        drawn = generated_password() if password is None else None
        chosen = password or drawn or ""
        check_new_password(chosen)
        with self._passwords.turn() as hasher:
            return drawn, hasher.hash(chosen)

    def _keep_key(self, user: str, key: KeyPair) -> str:
        with self._changing() as session:
            owner = _user(session, user).id
            row = new_access_key(owner, key, self._keyring, self._clock())
            _insert(session, row, f"access key {key.access!r}")
            return owner

    def _switch_key(self, access: str, *, enabled: bool) -> AccessKey:
        with self._changing() as session:
            row = _key(session, access)
            row.enabled = enabled
            return _key_of(row)


def _account(session: Session) -> DomainRow:
    domain = oldest_domain(session)
    if domain is None:
        raise ServiceError(
            ErrorKind.RECORD_UNKNOWN, "there is no account yet: run web-image-ocr admin init"
        )
    return domain


def _user(session: Session, user: str) -> UserRow:
    row = session.scalars(
        select(UserRow)
        .where(UserRow.domain_id == _account(session).id)
        .where(or_(UserRow.id == user, UserRow.name == user))
        .order_by(UserRow.id != user)
        .limit(1)
    ).first()
    if row is None:
        raise ServiceError(ErrorKind.RECORD_UNKNOWN, f"no user {user!r}")
    return row


def _check_not_the_last_administrator(session: Session, row: UserRow) -> None:
    if row.role != Role.ADMINISTRATOR or not row.enabled:
        return
    another = session.scalars(
        select(UserRow.id)
        .where(UserRow.domain_id == row.domain_id, UserRow.id != row.id)
        .where(UserRow.role == Role.ADMINISTRATOR.value, UserRow.enabled)
        .limit(1)
    ).first()
    if another is None:
        raise ServiceError(
            ErrorKind.RECORD_CONFLICT,
            f"user {row.name!r} is the last administrator: make or enable another one first",
        )


def _project(session: Session, project: str) -> ProjectRow:
    row = session.scalars(
        select(ProjectRow)
        .where(ProjectRow.domain_id == _account(session).id)
        .where(or_(ProjectRow.id == project, ProjectRow.name == project))
        .order_by(ProjectRow.id != project)
        .limit(1)
    ).first()
    if row is None:
        raise ServiceError(ErrorKind.RECORD_UNKNOWN, f"no project {project!r}")
    return row


def _key(session: Session, access: str) -> AccessKeyRow:
    row = session.get(AccessKeyRow, access)
    if row is None or row.user.domain_id != _account(session).id:
        raise ServiceError(ErrorKind.RECORD_UNKNOWN, f"no access key {access!r}")
    return row


def _key_of(row: AccessKeyRow) -> AccessKey:
    return AccessKey(
        access=row.access,
        user_id=row.user_id,
        user_name=row.user.name,
        enabled=row.enabled,
        created_at=row.created_at,
    )


def _insert(session: Session, row: UserRow | ProjectRow | AccessKeyRow, what: str) -> None:
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise ServiceError(ErrorKind.RECORD_CONFLICT, f"{what} exists already") from error
    session.refresh(row)
