"""Manage users, projects, keys and subscriptions of one account."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import datetime

from sqlalchemy import delete, select

from web_image_ocr.database.database import Database
from web_image_ocr.database.tables import ProjectRow, SubscriptionRow, UserRow
from web_image_ocr.identity.accounts import lists
from web_image_ocr.identity.accounts.account_rows import AccountRows, key_of
from web_image_ocr.identity.accounts.new_rows import (
    KeyPair,
    new_access_key,
    new_project,
    new_subscription,
    new_user,
    random_key,
)
from web_image_ocr.identity.accounts.pagination import FIRST_PAGE, PageRequest, ResultPage
from web_image_ocr.identity.accounts.quotas import NO_QUOTAS, Quotas
from web_image_ocr.identity.audited import audited_as
from web_image_ocr.identity.directory import ChangedRecords, project_of, user_of
from web_image_ocr.identity.master_keys.keyring import Keyring
from web_image_ocr.identity.master_keys.state import in_use
from web_image_ocr.identity.passwords import HasherPool, check_format, generated_password
from web_image_ocr.identity.values import (
    AccessKey,
    NewAccessKey,
    NewPassword,
    Project,
    ProjectState,
    Role,
    Subscription,
    User,
)
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.text import quoted


class Administration:
    """Read and change one account; other servers see changes when their caches expire.

    Every method raises ``RECORD_UNKNOWN`` for missing records (also without an account),
    ``RECORD_CONFLICT`` for records that exist already or must stay, and
    ``IDENTITY_REQUEST_INVALID`` for an invalid name, password or page. Users and projects are
    given by id or name; an id is never taken for a name. Lists are paginated, by default with
    1,000 records per page.

    Args:
        database: the database.
        keyring: encrypts new secrets.
        passwords: hashes passwords.
        on_change: called with the changed records, to invalidate the caches of this process.
        clock: returns the current time, UTC.
        quotas: limits on the number of records; exceeding one raises ``QUOTA_EXCEEDED``.
    """

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        passwords: HasherPool,
        on_change: Callable[[ChangedRecords], None],
        clock: Callable[[], datetime],
        *,
        quotas: Quotas,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._passwords = passwords
        self._on_change = on_change
        self._clock = clock
        self._quotas = quotas
        self._domain_id: str | None = None

    def for_account(self, domain_id: str) -> Administration:
        """Return the administration of the account of this id instead of the first one."""
        accounts = copy(self)
        accounts._domain_id = domain_id
        return accounts

    def without_quotas(self) -> Administration:
        """Return the same without quotas, on the operator's request."""
        accounts = copy(self)
        accounts._quotas = NO_QUOTAS
        return accounts

    def users(self, page: PageRequest = FIRST_PAGE) -> ResultPage[User]:
        """Return users, sorted by name."""
        with self._reading() as rows:
            return lists.users(rows, page)

    @audited_as("user_created")
    def create_user(
        self, name: str, role: Role = Role.CALLER, password: str | None = None
    ) -> NewPassword:
        """Create a user with the given or a generated password."""
        generated, hashed = self._hashed(password, name)
        with self._changing() as rows:
            row = new_user(rows.domain_id, name, hashed, role, self._clock())
            rows.insert(row, f"user {quoted(name)}")
            self._quotas.check_users(rows)
            return NewPassword(user=user_of(row), password=generated)

    @audited_as("password_changed")
    def set_password(
        self, user: str, password: str | None = None, *, generation: int | None = None
    ) -> NewPassword:
        """Set a given or generated password; revoke the user's tokens and temporary keys.

        Args:
            user: id or name of the user.
            password: the new password; None generates one.
            generation: expected generation of the user; None skips this check.

        Raises:
            ServiceError: ``LOGIN_FAILED`` if the user has another generation.
        """
        generated, hashed = self._hashed(password, self._user_name(user))
        with self._changing() as rows:
            row = rows.user(user)
            if generation not in {None, row.generation}:
                raise ServiceError(ErrorKind.LOGIN_FAILED, "the password has changed meanwhile")
            row.password_hash = hashed
            row.generation += 1
            return NewPassword(user=user_of(row), password=generated)

    @audited_as("user_changed")
    def change_user(
        self, user: str, *, role: Role | None = None, enabled: bool | None = None
    ) -> User:
        """Change the role of a user, or enable or disable the user, or both.

        Disabling refuses the user's password and keys, and revokes tokens and temporary keys.
        They stay revoked when the user is enabled again.

        Args:
            user: id or name of the user.
            role: the new role; None keeps it.
            enabled: the new state; None keeps it.

        Raises:
            ServiceError: ``RECORD_CONFLICT`` if the account would have no enabled
                administrator.
        """
        with self._changing() as rows:
            row = rows.user(user)
            if enabled is False or role not in {None, Role.ADMINISTRATOR}:
                rows.check_not_the_last_administrator(row)
            if role is not None:
                row.role = role.value
            if enabled is False:
                row.generation += 1
            if enabled is not None:
                row.enabled = enabled
            return user_of(row)

    def enable_user(self, user: str) -> User:
        """Enable a user; see ``change_user``."""
        return self.change_user(user, enabled=True)

    def disable_user(self, user: str) -> User:
        """Disable a user; see ``change_user``."""
        return self.change_user(user, enabled=False)

    @audited_as("user_deleted")
    def delete_user(self, user: str) -> User:
        """Delete a user with all keys.

        Raises:
            ServiceError: ``RECORD_CONFLICT`` for the last enabled administrator.
        """
        with self._changing() as rows:
            row = rows.user(user)
            rows.check_not_the_last_administrator(row)
            deleted = user_of(row)
            rows.session.execute(delete(UserRow).where(UserRow.id == row.id))
            return deleted

    def projects(self, page: PageRequest = FIRST_PAGE) -> ResultPage[Project]:
        """Return projects, sorted by name."""
        with self._reading() as rows:
            return lists.projects(rows.session, rows.domain_id, page)

    def project_states(self, api: str, page: PageRequest = FIRST_PAGE) -> ResultPage[ProjectState]:
        """Return projects with the state of their subscription, sorted by name."""
        with self._reading() as rows:
            return lists.project_states(rows, api, page)

    def project_ids(self) -> tuple[str, ...]:
        """Return the ids of all projects."""
        with self._reading() as rows:
            query = select(ProjectRow.id).where(ProjectRow.domain_id == rows.domain_id)
            return tuple(rows.session.scalars(query))

    def project(self, project: str) -> Project:
        """Return one project."""
        with self._reading() as rows:
            return project_of(rows.project(project))

    @audited_as("project_created")
    def create_project(self, name: str) -> Project:
        """Create a project without subscriptions."""
        with self._changing() as rows:
            row = new_project(rows.domain_id, name, self._clock())
            rows.insert(row, f"project {quoted(name)}")
            self._quotas.check_projects(rows)
            return project_of(row)

    @audited_as("project_deleted")
    def delete_project(self, project: str) -> Project:
        """Delete a project with its subscriptions."""
        with self._changing() as rows:
            row = rows.project(project)
            deleted = project_of(row)
            rows.session.execute(delete(ProjectRow).where(ProjectRow.id == row.id))
            return deleted

    def access_keys(
        self, user: str | None = None, page: PageRequest = FIRST_PAGE
    ) -> ResultPage[AccessKey]:
        """Return keys of all users, or of one, sorted by age, oldest first."""
        with self._reading() as rows:
            return lists.access_keys(rows, user, page)

    def access_key(self, access: str) -> AccessKey:
        """Return one key."""
        with self._reading() as rows:
            return key_of(rows.key(access))

    @audited_as("key_created")
    def create_key(self, user: str) -> NewAccessKey:
        """Create a key; its secret is not shown again."""
        key = random_key()
        stored = self._store_key(user, key)
        return NewAccessKey(
            access=key.access,
            secret=key.secret,
            user_id=stored.user_id,
            user_name=stored.user_name,
            created_at=stored.created_at,
        )

    @audited_as("key_imported")
    def import_key(self, user: str, access: str, secret: str) -> AccessKey:
        """Import a key that clients already use.

        Args:
            user: id or name of its owner.
            access: the public half, 1 to 32 letters and digits.
            secret: the secret half, 1 to 128 letters, digits and ``+/=_-``.
        """
        return self._store_key(user, KeyPair(access=access, secret=secret))

    @audited_as("key_enabled")
    def enable_key(self, access: str) -> AccessKey:
        """Enable a key."""
        return self._set_key_enabled(access, enabled=True)

    @audited_as("key_disabled")
    def disable_key(self, access: str) -> AccessKey:
        """Disable a key: it is refused like an unknown one."""
        return self._set_key_enabled(access, enabled=False)

    @audited_as("key_deleted")
    def delete_key(self, access: str) -> AccessKey:
        """Delete a key."""
        with self._changing() as rows:
            row = rows.key(access)
            deleted = key_of(row)
            rows.session.delete(row)
            return deleted

    def subscriptions(self, page: PageRequest = FIRST_PAGE) -> ResultPage[Subscription]:
        """Return the services that projects have enabled, sorted by project and service."""
        with self._reading() as rows:
            return lists.subscriptions(rows, page)

    @audited_as("subscription_enabled")
    def enable(self, project: str, api: str) -> Subscription:
        """Enable the service for the project; do nothing if it is."""
        with self._changing() as rows:
            row = rows.project(project)
            if rows.session.get(SubscriptionRow, (row.id, api)) is None:
                rows.session.add(new_subscription(row.id, api, self._clock()))
            return Subscription(project_id=row.id, project_name=row.name, api=api)

    @audited_as("subscription_disabled")
    def disable(self, project: str, api: str) -> Subscription:
        """Disable the service for the project; do nothing if it is."""
        with self._changing() as rows:
            row = rows.project(project)
            subscription = rows.session.get(SubscriptionRow, (row.id, api))
            if subscription is not None:
                rows.session.delete(subscription)
            return Subscription(project_id=row.id, project_name=row.name, api=api)

    @contextmanager
    def _reading(self) -> Iterator[AccountRows]:
        with self._database.reading() as session:
            yield AccountRows(session, self._domain_id)

    @contextmanager
    def _changing(self) -> Iterator[AccountRows]:
        # Exclusive over all servers: two administrators must not demote each other.
        with self._database.writing(exclusive=True) as session:
            rows = AccountRows(session, self._domain_id)
            yield rows
        self._on_change(rows.touched)

    def _hashed(self, password: str | None, user_name: str) -> tuple[str | None, str]:
        """Return the generated password, None for a given one, and the hash."""
        if password is None:
            generated = generated_password()
            with self._passwords.slot() as hasher:
                return generated, hasher.hash(generated)
        check_format(password)
        with self._reading() as rows:
            account_name = rows.domain_name
        with self._passwords.slot() as hasher:
            return None, hasher.hash_new(password, user_name, account_name)

    def _user_name(self, user: str) -> str:
        with self._reading() as rows:
            return rows.user(user).name

    def _store_key(self, user: str, key: KeyPair) -> AccessKey:
        with self._changing() as rows:
            owner = rows.user(user).id
            master = self._keyring.key(in_use(rows.session))
            row = new_access_key(owner, key, master, self._clock())
            rows.insert(row, f"access key {quoted(key.access)}")
            self._quotas.check_keys(rows, owner)
            return key_of(row)

    def _set_key_enabled(self, access: str, *, enabled: bool) -> AccessKey:
        with self._changing() as rows:
            row = rows.key(access)
            row.enabled = enabled
            return key_of(row)
