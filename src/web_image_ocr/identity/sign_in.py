"""Exchange passwords and tokens for new tokens.

Threat: password guessing, and enumeration of accounts and users.
Rule: every failure has the same answer and costs the same work. A user who does not exist or is
disabled costs a password hash as well, and counts towards a lock. A network that has exhausted
its budget is refused before either.
Residual risk: see ``lockout`` and ``sign_in_budget``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta

from web_image_ocr.identity.accounts.new_rows import new_id
from web_image_ocr.identity.audited import SIGN_IN_REFUSALS, audited_as
from web_image_ocr.identity.authorizer import Authorizer
from web_image_ocr.identity.brute_force.lockout import Lockout
from web_image_ocr.identity.brute_force.read_only_lockout import ReadOnlyLockout
from web_image_ocr.identity.brute_force.sign_in_budget import SignInBudget
from web_image_ocr.identity.config import IdentityConfig
from web_image_ocr.identity.directory import Directory, UserRecord
from web_image_ocr.identity.passwords import HasherPool
from web_image_ocr.identity.tokens import MAX_ANCESTORS, TokenClaims, Tokens
from web_image_ocr.identity.values import PasswordLogin, Project, Scope, TokenGrant, User
from web_image_ocr.primitives.audit import set_actor, set_target
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


class SignIn:
    """Issue and rescope tokens."""

    def __init__(
        self,
        *,
        config: IdentityConfig,
        directory: Directory,
        authorizer: Authorizer,
        passwords: HasherPool,
        tokens: Tokens,
        lockout: Lockout,
        budget: SignInBudget,
        clock: Callable[[], datetime],
    ) -> None:
        self._lifetime = timedelta(seconds=config.token_lifetime_seconds)
        self._directory = directory
        self._authorizer = authorizer
        self._passwords = passwords
        self._tokens = tokens
        self._lockout = lockout
        self._read_only_lockout = ReadOnlyLockout(lockout)
        self._budget = budget
        self._clock = clock

    @audited_as(None, refusals=SIGN_IN_REFUSALS)
    def check_budget(self, client: str) -> None:
        """Return if the client's network may try a password now; does not block.

        Raises:
            ServiceError: ``LOGIN_LOCKED`` or ``RATE_LIMITED``, with ``retry_after``, if the
                network has exhausted its failures or its sign-ins.
        """
        self._budget.check(client)

    @audited_as("signed_in", refusals=SIGN_IN_REFUSALS)
    def log_in(self, login: PasswordLogin, client: str, *, may_write: bool = True) -> TokenGrant:
        """Issue a new token for a password; earlier tokens stay valid.

        Takes a tenth of a second of all cores and waits for a free hasher, so a server calls it
        from dedicated threads.

        Args:
            login: user, password and scope.
            client: address of the caller; failures count per user and address.
            may_write: whether the thread may wait for the database lock to count a failure.

        Raises:
            WriteRequiredError: if failures have to be written and ``may_write`` is false.
            ServiceError: ``LOGIN_FAILED`` for a wrong account, user, password or scope;
                ``LOGIN_LOCKED`` with ``retry_after`` after too many failures of the address for
                this user, or of its network for all users; ``RATE_LIMITED`` after too many
                sign-ins of the network.
        """
        user = self.verify_password(login, client, may_write=may_write)
        project = self._scoped_project(user.user, login.scope)
        return self._issue(user, project, ("password",), self._now() + self._lifetime)

    @audited_as("token_rescoped")
    def rescope(self, token: str, scope: Scope) -> TokenGrant:
        """Exchange a valid token for one of another scope, which expires at the same time.

        Raises:
            ServiceError: as ``Authorizer.authenticate_token``; ``LOGIN_FAILED`` for a scope that
                the user does not have.
        """
        claims, user = self._authorizer.resolve_token(token)
        set_actor(user.user.id)
        if len(claims.ancestors) >= MAX_ANCESTORS:
            raise ServiceError(
                ErrorKind.LOGIN_FAILED,
                f"the token was rescoped {MAX_ANCESTORS} times: sign in again",
            )
        project = self._scoped_project(user.user, scope)
        methods = tuple(dict.fromkeys((*claims.methods, "token")))
        return self._issue(user, project, methods, claims.expires_at, ancestors=claims.lineage)

    @audited_as(None, refusals=SIGN_IN_REFUSALS)
    def verify_password(
        self, login: PasswordLogin, client: str, *, may_write: bool = True
    ) -> UserRecord:
        """Return the user whose password it is.

        Raises:
            WriteRequiredError: as ``log_in``.
            ServiceError: ``LOGIN_FAILED``, ``LOGIN_LOCKED``, ``RATE_LIMITED``.
        """
        lockout = self._lockout if may_write else self._read_only_lockout
        with self._budget.attempt(client) as attempt:
            user, counted_as = self._directory.find_login(login)
            set_target(user.user.id if user else "")  # never the name, which may be invented
            subject = f"user:{hashlib.sha256(repr(counted_as).encode()).hexdigest()}"
            # One slot for the whole check: concurrent guesses get no more tries than the lock
            # allows.
            with self._passwords.slot() as hasher:
                has_failed = lockout.check(subject, client)
                attempt.hashed = True
                matches = hasher.matches(user.password_hash if user else None, login.password)
                if user is None or not matches or not user.user.enabled:
                    attempt.failed = True
                    wrong = ServiceError(ErrorKind.LOGIN_FAILED, "wrong account, user or password")
                    lockout.reject(subject, client, wrong)
            if has_failed:
                lockout.reset(subject, client)
            return user

    def _scoped_project(self, user: User, scope: Scope) -> Project | None:
        if scope.project is not None:
            project = self._directory.referenced_project(user.domain.id, scope.project)
            if project is None:
                raise ServiceError(ErrorKind.LOGIN_FAILED, "the scope's project is not the user's")
            return project
        if scope.domain is not None and not scope.domain.matches(user.domain.id, user.domain.name):
            raise ServiceError(ErrorKind.LOGIN_FAILED, "the scope's account is not the user's")
        return None

    def _issue(
        self,
        user: UserRecord,
        project: Project | None,
        methods: tuple[str, ...],
        expires_at: datetime,
        *,
        ancestors: tuple[str, ...] = (),
    ) -> TokenGrant:
        issued_at = self._now()
        claims = TokenClaims(
            id=new_id(),
            user_id=user.user.id,
            generation=user.generation,
            project_id=project.id if project else None,
            methods=methods,
            issued_at=issued_at,
            expires_at=expires_at,
            ancestors=ancestors,
        )
        return TokenGrant(
            token=self._tokens.encode(claims),
            methods=methods,
            issued_at=issued_at,
            expires_at=expires_at,
            user=user.user,
            project=project,
        )

    def _now(self) -> datetime:
        # Tokens count whole seconds.
        return self._clock().replace(microsecond=0)
