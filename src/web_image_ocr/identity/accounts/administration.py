"""Users, projects, keys and subscriptions as the operator of the server manages them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import datetime

from sqlalchemy import delete, select

from web_image_ocr.database.database import Database
from web_image_ocr.database.tables import (
    ProjectRow,
    SubscriptionRow,
    UserRow,
)
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
    """Changes the account of the store; other servers notice within the cache's seconds.

    Every method raises ``RECORD_UNKNOWN`` for what does not exist (also when there is no
    account yet), ``RECORD_CONFLICT`` for what exists already or must stay, and
    ``IDENTITY_REQUEST_INVALID`` for an unusable name, password or page. Users and projects are
    given by id or name; what has the form of an id is never taken for a name. Lists come in
    pages, of 1,000 records unless told otherwise.

    Args:
        database: the store.
        keyring: encrypts new secrets.
        passwords: turns for hashing.
        changed: called with what has changed, so that this process notices at once.
        clock: the time, UTC.
        quotas: how many records there may be; what is above one is refused as
            ``QUOTA_EXCEEDED``.
    """

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        passwords: HasherPool,
        changed: Callable[[ChangedRecords], None],
        clock: Callable[[], datetime],
        *,
        quotas: Quotas,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._passwords = passwords
        self._changed = changed
        self._clock = clock
        self._quotas = quotas
        self._domain_id: str | None = None

    def of(self, domain_id: str) -> Administration:
        """The same for the account of this id, in place of the store's first one."""
        accounts = copy(self)
        accounts._domain_id = domain_id
        return accounts

    def without_quotas(self) -> Administration:
        """Return the same without quotas, for an operator who says so."""
        accounts = copy(self)
        accounts._quotas = NO_QUOTAS
        return accounts

    # -- users

    def users(self, page: PageRequest = FIRST_PAGE) -> ResultPage[User]:
        """Return users by name."""
        with self._reading() as rows:
            return lists.users(rows, page)

    @audited_as("user_created")
    def create_user(
        self, name: str, role: Role = Role.CALLER, password: str | None = None
    ) -> NewPassword:
        """A new user, with the password or, without one, a random one."""
        drawn, hashed = self._hashed(password, name)
        with self._changing() as rows:
            row = new_user(rows.domain_id, name, hashed, role, self._clock())
            rows.insert(row, f"user {quoted(name)}")
            self._quotas.check_users(rows)
            return NewPassword(user=user_of(row), password=drawn)

    @audited_as("password_changed")
    def set_password(
        self, user: str, password: str | None = None, *, generation: int | None = None
    ) -> NewPassword:
        """Another password, given or random; ends the user's tokens and temporary keys.

        Args:
            user: whose it is.
            password: the new one; None makes a random one.
            generation: the user's when leave for this was given; None gives leave in any case.

        Raises:
            ServiceError: ``LOGIN_FAILED`` when the user has another generation by now.
        """
        drawn, hashed = self._hashed(password, self._user_name(user))
        with self._changing() as rows:
            row = rows.user(user)
            if generation not in {None, row.generation}:
                raise ServiceError(ErrorKind.LOGIN_FAILED, "the password has changed meanwhile")
            row.password_hash = hashed
            row.generation += 1
            return NewPassword(user=user_of(row), password=drawn)

    @audited_as("user_changed")
    def change_user(
        self, user: str, *, role: Role | None = None, enabled: bool | None = None
    ) -> User:
        """Give the user another role, or refuse or accept the user, or both at once.

        Who is refused loses password, keys, tokens and temporary keys; what was issued before
        stays ended when the user is let in again.

        Args:
            user: who is meant.
            role: the new one; None leaves it.
            enabled: whether the user is accepted; None leaves it.

        Raises:
            ServiceError: ``RECORD_CONFLICT`` when the last enabled administrator would be
                none any more.
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
        """Let the user in again; see ``change_user``."""
        return self.change_user(user, enabled=True)

    def disable_user(self, user: str) -> User:
        """Refuse the user; see ``change_user``."""
        return self.change_user(user, enabled=False)

    @audited_as("user_deleted")
    def delete_user(self, user: str) -> User:
        """Forget the user and the user's keys.

        Raises:
            ServiceError: ``RECORD_CONFLICT`` for the last enabled administrator.
        """
        with self._changing() as rows:
            row = rows.user(user)
            rows.check_not_the_last_administrator(row)
            gone = user_of(row)
            rows.session.execute(delete(UserRow).where(UserRow.id == row.id))
            return gone

    # -- projects

    def projects(self, page: PageRequest = FIRST_PAGE) -> ResultPage[Project]:
        """Return projects by name."""
        with self._reading() as rows:
            return lists.projects(rows.session, rows.domain_id, page)

    def project_states(self, api: str, page: PageRequest = FIRST_PAGE) -> ResultPage[ProjectState]:
        """Return projects by name, with whether they have enabled the service."""
        with self._reading() as rows:
            return lists.project_states(rows, api, page)

    def project_ids(self) -> tuple[str, ...]:
        """Return the ids of all projects."""
        with self._reading() as rows:
            query = select(ProjectRow.id).where(ProjectRow.domain_id == rows.domain_id)
            return tuple(rows.session.scalars(query))

    def project(self, project: str) -> Project:
        """One project."""
        with self._reading() as rows:
            return project_of(rows.project(project))

    @audited_as("project_created")
    def create_project(self, name: str) -> Project:
        """A new project; it has enabled nothing yet."""
        with self._changing() as rows:
            row = new_project(rows.domain_id, name, self._clock())
            rows.insert(row, f"project {quoted(name)}")
            self._quotas.check_projects(rows)
            return project_of(row)

    @audited_as("project_deleted")
    def delete_project(self, project: str) -> Project:
        """Forget the project and what it has enabled."""
        with self._changing() as rows:
            row = rows.project(project)
            gone = project_of(row)
            rows.session.execute(delete(ProjectRow).where(ProjectRow.id == row.id))
            return gone

    # -- keys

    def access_keys(
        self, user: str | None = None, page: PageRequest = FIRST_PAGE
    ) -> ResultPage[AccessKey]:
        """Return keys of all users, or of one, from the oldest to the newest."""
        with self._reading() as rows:
            return lists.access_keys(rows, user, page)

    def access_key(self, access: str) -> AccessKey:
        """Return one key."""
        with self._reading() as rows:
            return key_of(rows.key(access))

    @audited_as("key_created")
    def create_key(self, user: str) -> NewAccessKey:
        """A new key of the user; its secret is not shown again."""
        key = random_key()
        kept = self._keep_key(user, key)
        return NewAccessKey(
            access=key.access,
            secret=key.secret,
            user_id=kept.user_id,
            user_name=kept.user_name,
            created_at=kept.created_at,
        )

    @audited_as("key_imported")
    def import_key(self, user: str, access: str, secret: str) -> AccessKey:
        """A key that clients have already, so that they need not be told another.

        Args:
            user: its owner.
            access: the public half, 1 to 32 letters and digits.
            secret: the secret half, 1 to 128 letters, digits and ``+/=_-``.
        """
        return self._keep_key(user, KeyPair(access=access, secret=secret))

    @audited_as("key_enabled")
    def enable_key(self, access: str) -> AccessKey:
        """Accept the key again."""
        return self._switch_key(access, enabled=True)

    @audited_as("key_disabled")
    def disable_key(self, access: str) -> AccessKey:
        """Refuse the key as if it did not exist."""
        return self._switch_key(access, enabled=False)

    @audited_as("key_deleted")
    def delete_key(self, access: str) -> AccessKey:
        """Forget the key."""
        with self._changing() as rows:
            row = rows.key(access)
            gone = key_of(row)
            rows.session.delete(row)
            return gone

    # -- subscriptions

    def subscriptions(self, page: PageRequest = FIRST_PAGE) -> ResultPage[Subscription]:
        """Return what the projects have enabled, by project and service."""
        with self._reading() as rows:
            return lists.subscriptions(rows, page)

    @audited_as("subscription_enabled")
    def enable(self, project: str, api: str) -> Subscription:
        """Enable the service for the project; no error if it is."""
        with self._changing() as rows:
            row = rows.project(project)
            if rows.session.get(SubscriptionRow, (row.id, api)) is None:
                rows.session.add(new_subscription(row.id, api, self._clock()))
            return Subscription(project_id=row.id, project_name=row.name, api=api)

    @audited_as("subscription_disabled")
    def disable(self, project: str, api: str) -> Subscription:
        """Switch the service off for the project; no error if it is."""
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
        # One change after the other, whichever server makes it: two administrators cannot
        # both demote the other.
        with self._database.writing(alone=True) as session:
            rows = AccountRows(session, self._domain_id)
            yield rows
        self._changed(rows.touched)

    def _hashed(self, password: str | None, user_name: str) -> tuple[str | None, str]:
        """Return the generated password, if no password is given, and the hash of the one used."""
        if password is None:
            drawn = generated_password()
            with self._passwords.turn() as hasher:
                return drawn, hasher.hash(drawn)
        check_format(password)
        with self._reading() as rows:
            account_name = rows.domain_name
        with self._passwords.turn() as hasher:
            return None, hasher.hash_new(password, user_name, account_name)

    def _user_name(self, user: str) -> str:
        with self._reading() as rows:
            return rows.user(user).name

    def _keep_key(self, user: str, key: KeyPair) -> AccessKey:
        with self._changing() as rows:
            owner = rows.user(user).id
            master = self._keyring.key(in_use(rows.session))
            row = new_access_key(owner, key, master, self._clock())
            rows.insert(row, f"access key {quoted(key.access)}")
            self._quotas.check_keys(rows, owner)
            return key_of(row)

    def _switch_key(self, access: str, *, enabled: bool) -> AccessKey:
        with self._changing() as rows:
            row = rows.key(access)
            row.enabled = enabled
            return key_of(row)
