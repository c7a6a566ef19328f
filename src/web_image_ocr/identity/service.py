"""Who is calling and what may be done: the one door to accounts, tokens and keys.

All methods are synchronous, block (store, password hashes) and are safe to call from
many threads; an event loop calls them through a thread. Any of them raises
``DATABASE_UNAVAILABLE`` when the store does not answer; nobody is let in then.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from web_image_ocr.identity.accounts.administration import Administration
from web_image_ocr.identity.accounts.first_start import FirstNames, first_account
from web_image_ocr.identity.accounts.pagination import FIRST_PAGE, PageRequest, ResultPage
from web_image_ocr.identity.accounts.quotas import Quotas
from web_image_ocr.identity.accounts.self_service import SelfService, check_may_change
from web_image_ocr.identity.audited import SIGN_IN_REFUSALS, audited_as
from web_image_ocr.identity.authorizer import Authorizer
from web_image_ocr.identity.brute_force.lockout import Lockout, LockRule
from web_image_ocr.identity.brute_force.read_only_lockout import ReadOnlyLockout
from web_image_ocr.identity.brute_force.sign_in_budget import SignInBudget
from web_image_ocr.identity.config import IdentityConfig
from web_image_ocr.identity.directory import Directory
from web_image_ocr.identity.master_keys.rotation import Rotation
from web_image_ocr.identity.passwords import HasherPool, check_format
from web_image_ocr.identity.revoked_tokens import RevokedTokens
from web_image_ocr.identity.sign_in import SignIn
from web_image_ocr.identity.signature import SignedRequest
from web_image_ocr.identity.signature_authenticator import SignatureAuthenticator
from web_image_ocr.identity.storage import open_store
from web_image_ocr.identity.tokens import Tokens
from web_image_ocr.identity.values import (
    API_NAME,
    FirstAccount,
    PasswordLogin,
    Principal,
    Project,
    Reference,
    Role,
    Scope,
    TemporaryKey,
    TokenGrant,
)
from web_image_ocr.primitives.audit import set_actor
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.usage.recorder import Recorder
from web_image_ocr.usage.repository import UsageRepository
from web_image_ocr.usage.values import UsageReport, Window


def utc_now() -> datetime:
    """The time of the machine, UTC."""
    return datetime.now(UTC)


class Identity:
    """Accounts, tokens and keys of one store.

    Opening it brings the store to the newest form and makes ``master.key`` on the first
    start; several servers may do so at once.

    Attributes:
        access: judges tokens; reads the store for what is not cached.
        cached_authorizer: the same from memory alone, for an event loop: never waits, and raises
            ``CacheMissError`` where the store has to be read.
        administration: accounts as the operator sees them.
        migration: what was done to the store when it was opened.
        recorder: counts calls; what it has counted is written while it is open.

    Args:
        config: where the store is and how long things live.
        data_dir: folder of the store and the key where ``config`` does not name them.
        may_create: make folder, store and key where they are missing.
        may_migrate: bring a store of an older revision to the newest one, after a backup.
        clock: the time, UTC; exchanged in tests.

    Raises:
        ServiceError: ``DATABASE_UNAVAILABLE``, also for a store that is missing and may not be
            made, or older and may not be migrated; ``CONFIGURATION_INVALID`` when the folder
            cannot be used, the master key is unreadable or is not the one of this store, or the
            store was written by a newer version.
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
        self._database, self._key_file, self._keyring = open_store(
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
        self._sign_in_budget = SignInBudget(config)
        tokens = Tokens(self._keyring)
        self.authorizer = Authorizer(self._directory, tokens, clock)
        self.cached_authorizer = Authorizer(self._directory.cached, tokens, clock)

        def lockout(seconds: int, error: ErrorKind) -> Lockout:
            rule = LockRule(failures=config.failures_before_lock, seconds=seconds, error=error)
            return Lockout(self._database, rule, clock)

        login_lockout = lockout(config.login_lock_seconds, ErrorKind.LOGIN_LOCKED)

        def sign_in(counters: Lockout | ReadOnlyLockout) -> SignIn:
            return SignIn(
                config=config,
                directory=self._directory,
                access=self.authorizer,
                passwords=self._passwords,
                tokens=tokens,
                lockout=counters,
                budget=self._sign_in_budget,
                clock=clock,
            )

        self._sign_in = sign_in(login_lockout)
        self._reading_sign_in = sign_in(ReadOnlyLockout(login_lockout))
        key_lockout = lockout(config.key_lock_seconds, ErrorKind.KEY_LOCKED)

        def keys(counters: Lockout | ReadOnlyLockout) -> SignatureAuthenticator:
            return SignatureAuthenticator(
                config=config,
                directory=self._directory,
                keyring=self._keyring,
                tokens=tokens,
                lockout=counters,
                used=self.recorder.key_used,
                clock=clock,
            )

        self._keys = keys(key_lockout)
        self._reading_keys = keys(ReadOnlyLockout(key_lockout))
        self._ended_tokens = RevokedTokens(self._database, self._directory.forget, clock)
        self.administration = Administration(
            self._database,
            self._keyring,
            self._passwords,
            self._directory.forget,
            clock,
            quotas=Quotas(
                keys=config.max_keys_per_user, users=config.max_users, projects=config.max_projects
            ),
        )

    def close(self) -> None:
        """Close the store's connections and end the threads."""
        self._passwords.close()
        self._database.close()

    def check(self) -> None:
        """Ask the store for a sign of life; for readiness."""
        self._database.check()

    def rotation(self, sleep: Callable[[float], None] = time.sleep) -> Rotation:
        """Return what rotates the master key; ``sleep`` is exchanged in tests."""
        return Rotation(
            database=self._database,
            file=self._key_file,
            keyring=self._keyring,
            config=self._config,
            clock=self._clock,
            sleep=sleep,
        )

    # -- first start

    @audited_as("account_created")
    def initialize(
        self,
        *,
        domain_name: str = "default",
        user_name: str = "admin",
        project_name: str = "cn-north-4",
        password: str | None = None,
    ) -> FirstAccount:
        """Make the first account, or say which one there is.

        On an empty store: one account, its administrator, one project with the service
        enabled, one access key. Of several callers at once exactly one makes them.

        Args:
            domain_name: name of the account.
            user_name: name of the administrator.
            project_name: name of the project, like a region.
            password: of the administrator; None makes a random one.

        Raises:
            ServiceError: ``IDENTITY_REQUEST_INVALID`` for an unusable name or password.
        """
        names = FirstNames(
            domain=domain_name,
            user=user_name,
            project=project_name,
            api=API_NAME,
            password=password,
        )
        return first_account(self._database, self._keyring, self._passwords, names, self._clock())

    # -- proving who calls

    def authenticate_token(self, token: str) -> Principal:
        """Whose token it is.

        Raises:
            ServiceError: ``TOKEN_UNREADABLE``; ``TOKEN_EXPIRED`` with ``expires_at`` in
                ``public``; ``TOKEN_REVOKED`` after a sign-out or a new password, or when the
                user is disabled or deleted.
        """
        return self.authorizer.authenticate_token(token)

    def authenticate_signature(
        self, request: SignedRequest, client: str, *, may_write: bool = True
    ) -> Principal:
        """Whose key signed the request.

        Args:
            request: as received; its ``X-Security-Token`` makes the key a temporary one.
            client: address of the caller; failures are counted per key and address.
            may_write: whether the thread may wait for the store's lock.

        Raises:
            WriteRequiredError: where the store has to be written and ``may_write`` is false.
            ServiceError: ``SIGNATURE_INVALID``; ``SIGNATURE_EXPIRED`` when its time is
                off or the temporary key has ended; ``KEY_UNKNOWN`` for a key that does
                not exist, is disabled, or is a temporary one without its token;
                ``KEY_LOCKED`` with ``retry_after`` after too many failures.
        """
        keys = self._keys if may_write else self._reading_keys
        return keys.authenticate(request, client)

    def check_signed_headers(
        self, request: SignedRequest, client: str, *, may_write: bool = True
    ) -> str:
        """Return the public half of the key, if its owner may have signed the request.

        Asked before a body is read, so that only who knows a key can make the server hold
        one. It proves nobody, and does not spare ``authenticate_signature`` any check: a
        key may be locked or disabled while the body comes.

        Args:
            request: as received; its body is not looked at.
            client: address of the caller.
            may_write: as in ``authenticate_signature``.

        Raises:
            WriteRequiredError, ServiceError: as ``authenticate_signature``.
        """
        keys = self._keys if may_write else self._reading_keys
        return keys.check_headers(request, client)

    def record_incomplete_body(self, access: str, client: str, seconds: float) -> None:
        """Count a signed request whose body did not come to its end as a failed attempt.

        Bodies that were under way at the same time count once, so that a network that fails
        under many uploads is one failure and does not lock the key.

        Args:
            access: public half of the key, as ``check_signed_headers`` returned it.
            client: address of the caller.
            seconds: how long the server waited for the body.

        Raises:
            ServiceError: ``DATABASE_UNAVAILABLE``; the failure is counted later.
        """
        self._keys.record_unfinished(access, client, seconds)

    def check_project(self, principal: Principal, project_id: str) -> None:
        """Return if the project is the principal's.

        Raises:
            ServiceError: ``TOKEN_WITHOUT_PROJECT`` or ``PROJECT_FORBIDDEN``.
        """
        self.authorizer.check_project(principal, project_id)

    def authorize(self, principal: Principal, project_id: str) -> None:
        """Return if the principal may call the service for this project.

        Raises:
            ServiceError: in this order those of ``check_project``, ``ROLE_FORBIDDEN``,
                ``NOT_SUBSCRIBED``.
        """
        self.authorizer.authorize(principal, project_id)

    # -- the identity API

    @property
    def password_threads(self) -> int:
        """Return how many threads may wait for password hashes: one asks the store meanwhile."""
        return self._passwords.at_once + 1

    @audited_as(None, refusals=SIGN_IN_REFUSALS)
    def check_sign_ins(self, client: str) -> None:
        """Return if the client's network may try a password now; does not block.

        Args:
            client: address of the caller.

        Raises:
            ServiceError: ``LOGIN_LOCKED`` or ``RATE_LIMITED``, with ``retry_after``, when the
                network has used up its failures or its sign-ins.
        """
        self._sign_in_budget.check(client)

    def log_in(self, login: PasswordLogin, client: str, *, may_write: bool = True) -> TokenGrant:
        """Issue a new token for a password; earlier tokens stay valid.

        Takes a tenth of a second of all cores and waits for its turn, so a server calls
        it from separate threads.

        Args:
            login: user, password and scope.
            client: address of the caller; failures are counted per user and address.
            may_write: whether the thread may wait for the store's lock to count a failure.

        Raises:
            WriteRequiredError: where failures have to be written and ``may_write`` is false.
            ServiceError: ``LOGIN_FAILED`` whatever is wrong with account, user, password
                or scope; ``LOGIN_LOCKED`` with ``retry_after`` after too many failures of
                the address for this user, or of its network for any; ``RATE_LIMITED`` after
                too many sign-ins of the network.
        """
        sign_in = self._sign_in if may_write else self._reading_sign_in
        return sign_in.log_in(login, client)

    def rescope(self, token: str, scope: Scope) -> TokenGrant:
        """A token for another scope in exchange for a good one; it ends when that ends.

        Raises:
            ServiceError: as ``authenticate_token``; ``LOGIN_FAILED`` for a scope that the
                user does not have.
        """
        return self._sign_in.rescope(token, scope)

    def inspect_token(self, asking: str, subject: str) -> TokenGrant:
        """What the token ``subject`` says.

        Users may look at their own tokens, administrators at those of their account.

        Args:
            asking: the caller's token.
            subject: the token asked about.

        Raises:
            ServiceError: as ``authenticate_token`` for ``asking``;
                ``SUBJECT_TOKEN_INVALID`` when ``subject`` is not a good token;
                ``ROLE_FORBIDDEN`` when the caller may not look at it.
        """
        return self.authorizer.inspect_token(asking, subject)

    @audited_as("token_revoked")
    def revoke_token(self, asking: str, subject: str) -> None:
        """End the token ``subject`` before its time; who may look at it may end it.

        Args:
            asking: the caller's token.
            subject: the token to end, which may be the same.

        Raises:
            ServiceError: as ``inspect_token``.
        """
        self._ended_tokens.end(self.authorizer.authorize_revocation(asking, subject))

    @audited_as("temporary_key_issued")
    def issue_temporary_key(self, token: str, duration_seconds: int = 900) -> TemporaryKey:
        """A key for the token's user that ends by itself.

        Args:
            token: the caller's token.
            duration_seconds: 900 to 86,400.

        Raises:
            ServiceError: as ``authenticate_token``; ``IDENTITY_REQUEST_INVALID`` for
                another duration.
        """
        _, user = self.authorizer.resolve_token(token)
        set_actor(user.user.id)
        return self._keys.issue_temporary(user, duration_seconds)

    def projects(
        self, principal: Principal, name: str | None = None, page: PageRequest = FIRST_PAGE
    ) -> ResultPage[Project]:
        """Return the projects of the principal's account by name, or the one of that name.

        Args:
            principal: who asks.
            name: of the one; None means all.
            page: which part of all.

        Raises:
            ServiceError: ``IDENTITY_REQUEST_INVALID`` for a marker of another list.
        """
        if name is None:
            return self.administration.of(principal.user.domain.id).projects(page)
        found = self._directory.project_named(principal.user.domain.id, name)
        return ResultPage((found,) if found else ())

    # -- the management API

    def self_service(self, principal: Principal) -> SelfService:
        """What the principal sees of the own account."""
        accounts = self.administration.of(principal.user.domain.id)
        return SelfService(principal, accounts, API_NAME)

    def project_of(self, principal: Principal) -> Project | None:
        """The project of the principal's token; None without one, or when it is gone."""
        return self.authorizer.project_of(principal)

    def administration_for(self, principal: Principal) -> Administration:
        """The principal's account, to look after.

        Raises:
            ServiceError: ``ROLE_FORBIDDEN`` unless the principal is an administrator, and for
                a temporary key.
        """
        check_may_change(principal)
        if principal.user.role is not Role.ADMINISTRATOR:
            raise ServiceError(ErrorKind.ROLE_FORBIDDEN, "the user is no administrator")
        return self.administration.of(principal.user.domain.id)

    def usage(self, principal: Principal, project_id: str | None, window: Window) -> UsageReport:
        """Calls of one project, or of all projects, of the principal's account.

        Args:
            principal: who asks; iterate_pages role may.
            project_id: of the project; None means all.
            window: from when to when, added up by what.

        Raises:
            ServiceError: ``RECORD_UNKNOWN`` for a project that is not one of the account.
        """
        accounts = self.administration.of(principal.user.domain.id)
        if project_id is None:
            return self._usage.read(accounts.project_ids(), window)
        return self._usage.read([accounts.project(project_id).id], window)

    @audited_as("password_changed")
    def change_password(
        self, principal: Principal, current: str, new: str, client: str, *, may_write: bool = True
    ) -> None:
        """Set another password for the principal; end all tokens and temporary keys of the user.

        Takes as long as ``log_in``, twice. The new password is judged after the current one,
        since that takes time.

        Args:
            principal: who asks.
            current: the password until now.
            new: 8 to 1,024 characters, not easy to guess.
            client: address of the caller; failures are counted as at a sign-in.
            may_write: as in ``log_in``.

        Raises:
            WriteRequiredError: as ``log_in``.
            ServiceError: ``IDENTITY_REQUEST_INVALID`` for an unusable new password;
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
        sign_in = self._sign_in if may_write else self._reading_sign_in
        known = sign_in.checked_user(login, client)
        accounts = self.administration.of(user.domain.id)
        accounts.set_password(user.id, new, generation=known.generation)
