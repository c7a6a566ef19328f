"""Assemble identity: accounts, tokens, access keys and counted calls on one database.

All methods of its parts are synchronous and thread-safe. They block on the database and on
password hashes, so an event loop calls them in threads. While the database does not answer they
raise ``DATABASE_UNAVAILABLE``: no caller is authenticated without it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from web_image_ocr.identity.accounts.administration import Administration
from web_image_ocr.identity.accounts.first_start import FirstNames, create_first_account
from web_image_ocr.identity.accounts.pagination import FIRST_PAGE, PageRequest, ResultPage
from web_image_ocr.identity.accounts.quotas import Quotas
from web_image_ocr.identity.accounts.self_service import SelfService, check_may_change
from web_image_ocr.identity.audited import audited_as
from web_image_ocr.identity.authorizer import Authorizer
from web_image_ocr.identity.brute_force.lockout import Lockout, LockRule
from web_image_ocr.identity.brute_force.sign_in_budget import SignInBudget
from web_image_ocr.identity.config import IdentityConfig
from web_image_ocr.identity.directory import Directory
from web_image_ocr.identity.master_keys.rotation import Rotation
from web_image_ocr.identity.passwords import HasherPool, check_format
from web_image_ocr.identity.revoked_tokens import RevokedTokens
from web_image_ocr.identity.sign_in import SignIn
from web_image_ocr.identity.signature_authenticator import SignatureAuthenticator
from web_image_ocr.identity.storage import open_storage
from web_image_ocr.identity.temporary_keys import TemporaryKeys
from web_image_ocr.identity.tokens import Tokens
from web_image_ocr.identity.values import (
    API_NAME,
    FirstAccount,
    PasswordLogin,
    Principal,
    Project,
    Reference,
    Role,
)
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.usage.recorder import Recorder
from web_image_ocr.usage.repository import UsageRepository
from web_image_ocr.usage.values import UsageReport, Window


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


class Identity:
    """Open the database and the master keys, and hold the parts that use them.

    Opening migrates the database to the newest schema. On the first start it also creates
    ``master.key``. Several servers may start at once.

    Attributes:
        authorizer: resolves tokens and checks permissions; reads the database on a cache miss.
        cached_authorizer: the same from memory only, for an event loop: raises
            ``CacheMissError`` instead of waiting.
        sign_in: issues tokens.
        signatures: authenticates signed requests.
        temporary_keys: issues temporary access keys.
        revoked_tokens: revokes tokens.
        administration: manages the accounts, as the operator.
        recorder: counts calls; writes the counts while its context is open.
        migration: what was migrated when the database was opened.
        password_threads: threads that may wait for password hashes. One more than the number of
            concurrent hashes: it reads the database meanwhile.

    Args:
        config: location of the database, lifetimes and limits.
        data_dir: folder of the database and the master key unless ``config`` names them.
        may_create: create folder, database and key if they are missing.
        may_migrate: migrate a database of an older revision, after a backup.
        clock: returns the current time, UTC.

    Raises:
        ServiceError: ``DATABASE_UNAVAILABLE``, also if the database is missing and must not be
            created, or is older and must not be migrated. ``CONFIGURATION_INVALID`` if the folder
            is unusable, the master key is unreadable or belongs to another database, or a newer
            version wrote the database.
    """

    def __init__(
        self,
        config: IdentityConfig,
        data_dir: Path,
        *,
        may_create: bool = True,
        may_migrate: bool = True,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._clock = clock
        self._config = config
        self._passwords = HasherPool(config.password_hashes_at_once)
        self.password_threads = self._passwords.size + 1
        self._database, self._key_file, self._keyring = open_storage(
            config,
            data_dir.absolute(),
            password_threads=self.password_threads,
            may_create=may_create,
            may_migrate=may_migrate,
        )
        self.migration = self._database.migration
        self._directory = Directory(self._database, config.cache_seconds)
        self._usage = UsageRepository(self._database)
        self.recorder = Recorder(self._usage, config.usage_days, clock)
        tokens = Tokens(self._keyring)
        self.authorizer = Authorizer(self._directory, tokens, clock)
        self.cached_authorizer = Authorizer(self._directory.cached, tokens, clock)
        self.sign_in = self._build_sign_in(tokens)
        self.signatures = self._build_signatures(tokens)
        self.temporary_keys = TemporaryKeys(self.authorizer, tokens, clock)
        self.revoked_tokens = RevokedTokens(
            self._database, self.authorizer, self._directory.invalidate, clock
        )
        self.administration = Administration(
            self._database,
            self._keyring,
            self._passwords,
            self._directory.invalidate,
            clock,
            quotas=Quotas(
                keys=config.max_keys_per_user, users=config.max_users, projects=config.max_projects
            ),
        )

    def _build_sign_in(self, tokens: Tokens) -> SignIn:
        return SignIn(
            config=self._config,
            directory=self._directory,
            authorizer=self.authorizer,
            passwords=self._passwords,
            tokens=tokens,
            lockout=self._lockout(self._config.login_lock_seconds, ErrorKind.LOGIN_LOCKED),
            budget=SignInBudget(self._config),
            clock=self._clock,
        )

    def _build_signatures(self, tokens: Tokens) -> SignatureAuthenticator:
        return SignatureAuthenticator(
            config=self._config,
            directory=self._directory,
            keyring=self._keyring,
            tokens=tokens,
            lockout=self._lockout(self._config.key_lock_seconds, ErrorKind.KEY_LOCKED),
            on_key_used=self.recorder.key_used,
            clock=self._clock,
        )

    def _lockout(self, seconds: int, error: ErrorKind) -> Lockout:
        rule = LockRule(failures=self._config.failures_before_lock, seconds=seconds, error=error)
        return Lockout(self._database, rule, self._clock)

    def close(self) -> None:
        """Close the database connections and end the threads."""
        self._passwords.close()
        self._database.close()

    def check(self) -> None:
        """Raise ``DATABASE_UNAVAILABLE`` unless the database answers; for readiness probes."""
        self._database.check()

    def rotation(self, sleep: Callable[[float], None] = time.sleep) -> Rotation:
        """Return the rotation of the master key; tests replace ``sleep``."""
        return Rotation(
            database=self._database,
            file=self._key_file,
            keyring=self._keyring,
            config=self._config,
            clock=self._clock,
            sleep=sleep,
        )

    @audited_as("account_created")
    def initialize(
        self,
        *,
        domain_name: str = "default",
        user_name: str = "admin",
        project_name: str = "cn-north-4",
        password: str | None = None,
    ) -> FirstAccount:
        """Create the first account, or describe the existing one.

        An empty database gets one account with an administrator, one project with the service
        enabled, and one access key. Exactly one of several concurrent callers creates them.

        Args:
            domain_name: name of the account.
            user_name: name of the administrator.
            project_name: name of the project, like a region.
            password: password of the administrator; None generates one.

        Raises:
            ServiceError: ``IDENTITY_REQUEST_INVALID`` for an invalid name or password.
        """
        names = FirstNames(
            domain=domain_name,
            user=user_name,
            project=project_name,
            api=API_NAME,
            password=password,
        )
        return create_first_account(
            self._database, self._keyring, self._passwords, names, self._clock()
        )

    def projects(
        self, principal: Principal, name: str | None = None, page: PageRequest = FIRST_PAGE
    ) -> ResultPage[Project]:
        """Return projects of the principal's account, sorted by name.

        Args:
            principal: authenticated caller.
            name: return only the project of this name; None returns all.
            page: requested page.

        Raises:
            ServiceError: ``IDENTITY_REQUEST_INVALID`` for a marker of another list.
        """
        if name is None:
            return self._account_of(principal).projects(page)
        found = self._directory.project_named(principal.user.domain.id, name)
        return ResultPage((found,) if found else ())

    def self_service(self, principal: Principal) -> SelfService:
        """Return what every role may see and change: the account, and the caller's own keys."""
        return SelfService(principal, self._account_of(principal), API_NAME)

    def administration_for(self, principal: Principal) -> Administration:
        """Return the administration of the principal's account.

        Raises:
            ServiceError: ``ROLE_FORBIDDEN`` unless the principal is an administrator, and for
                a temporary key.
        """
        check_may_change(principal)
        if principal.user.role is not Role.ADMINISTRATOR:
            raise ServiceError(ErrorKind.ROLE_FORBIDDEN, "the user is not an administrator")
        return self._account_of(principal)

    def usage(self, principal: Principal, project_id: str | None, window: Window) -> UsageReport:
        """Return the counted calls of the principal's account.

        Args:
            principal: authenticated caller of any role.
            project_id: count only this project; None counts all.
            window: reported period and its resolution.

        Raises:
            ServiceError: ``RECORD_UNKNOWN`` for a project of another account.
        """
        account = self._account_of(principal)
        if project_id is None:
            return self._usage.read(account.project_ids(), window)
        return self._usage.read([account.project(project_id).id], window)

    @audited_as("password_changed")
    def change_password(
        self, principal: Principal, current: str, new: str, client: str, *, may_write: bool = True
    ) -> None:
        """Set a new password for the principal; revoke all tokens and temporary keys of the user.

        Takes twice as long as ``SignIn.log_in``. The strength of the new password is checked after
        the current password, because the check is expensive.

        Args:
            principal: authenticated caller.
            current: current password.
            new: 8 to 1,024 characters, not easy to guess.
            client: address of the caller; failures count as those of a sign-in.
            may_write: as in ``SignIn.log_in``.

        Raises:
            WriteRequiredError: as ``SignIn.log_in``.
            ServiceError: ``IDENTITY_REQUEST_INVALID`` for an invalid new password;
                ``LOGIN_FAILED``, ``LOGIN_LOCKED``, ``RATE_LIMITED``; ``ROLE_FORBIDDEN`` for a
                temporary key.
        """
        check_may_change(principal)
        user = principal.user
        check_format(new)
        try:
            login = PasswordLogin(user=Reference(id=user.id), domain=None, password=current)
        except ValueError as error:
            raise ServiceError(ErrorKind.IDENTITY_REQUEST_INVALID, str(error)) from None
        verified = self.sign_in.verify_password(login, client, may_write=may_write)
        self._account_of(principal).set_password(user.id, new, generation=verified.generation)

    def _account_of(self, principal: Principal) -> Administration:
        return self.administration.for_account(principal.user.domain.id)
