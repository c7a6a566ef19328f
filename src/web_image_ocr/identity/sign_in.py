"""Passwords to tokens: who signs in, and what the token is good for.

Threat: guessing of passwords, and finding out which accounts and users exist.
Rule: whatever is wrong, the answer and the work done for it are the same: a user who
does not exist, or is disabled, costs a password hash and counts towards a lock, too. A network
that has used up its budget is refused before either.
What remains open: see ``lockout`` and ``sign_in_budget``.
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
    """Issue and exchange tokens.

    Args:
        config: token lifetime.
        directory: where users and projects are read.
        access: judges tokens that are exchanged.
        passwords: turns for hashing.
        tokens: writes token texts.
        lockout: counts failures per user and address.
        budget: counts failures and hashes per network.
        clock: the time, UTC.
    """

    def __init__(
        self,
        *,
        config: IdentityConfig,
        directory: Directory,
        access: Authorizer,
        passwords: HasherPool,
        tokens: Tokens,
        lockout: Lockout | ReadOnlyLockout,
        budget: SignInBudget,
        clock: Callable[[], datetime],
    ) -> None:
        self._lifetime = timedelta(seconds=config.token_lifetime_seconds)
        self._directory = directory
        self._access = access
        self._passwords = passwords
        self._tokens = tokens
        self._lockout = lockout
        self._budget = budget
        self._clock = clock

    @audited_as("signed_in", refusals=SIGN_IN_REFUSALS)
    def log_in(self, login: PasswordLogin, client: str) -> TokenGrant:
        """A token for a password; see ``Identity.log_in``."""
        user = self.checked_user(login, client)
        project = self._scoped_project(user.user, login.scope)
        return self._issue(user, project, ("password",), self._now() + self._lifetime)

    @audited_as("token_rescoped")
    def rescope(self, token: str, scope: Scope) -> TokenGrant:
        """A token for a token; see ``Identity.rescope``."""
        claims, user = self._access.resolve_token(token)
        set_actor(user.user.id)
        if len(claims.ancestors) >= MAX_ANCESTORS:
            raise ServiceError(
                ErrorKind.LOGIN_FAILED,
                f"the token is the {MAX_ANCESTORS}th rescoped from another: sign in again",
            )
        project = self._scoped_project(user.user, scope)
        methods = tuple(dict.fromkeys((*claims.methods, "token")))
        return self._issue(user, project, methods, claims.expires_at, ancestors=claims.lineage)

    @audited_as(None, refusals=SIGN_IN_REFUSALS)
    def checked_user(self, login: PasswordLogin, client: str) -> UserRecord:
        """Return the user whose password it is.

        Raises:
            WriteRequiredError: as ``Identity.log_in``.
            ServiceError: ``LOGIN_FAILED``, ``LOGIN_LOCKED``, ``RATE_LIMITED``.
        """
        with self._budget.attempt(client) as attempt:
            user, counted_as = self._directory.find_login(login)
            set_target(user.user.id if user else "")  # never the name, which may be invented
            subject = f"user:{hashlib.sha256(repr(counted_as).encode()).hexdigest()}"
            # All within one turn: a burst of guesses gets no more tries than the lock allows.
            with self._passwords.turn() as hasher:
                has_failed = self._lockout.check(subject, client)
                attempt.hashed = True
                matches = hasher.matches(user.password_hash if user else None, login.password)
                if user is None or not matches or not user.user.enabled:
                    attempt.failed = True
                    wrong = ServiceError(ErrorKind.LOGIN_FAILED, "wrong account, user or password")
                    self._lockout.refuse(subject, client, wrong)
            if has_failed:
                self._lockout.forget(subject, client)
            return user

    def _scoped_project(self, user: User, scope: Scope) -> Project | None:
        if scope.project is not None:
            project = self._directory.referenced_project(user.domain.id, scope.project)
            if project is None:
                raise ServiceError(ErrorKind.LOGIN_FAILED, "the scope's project is not the user's")
            return project
        if scope.domain is not None and not scope.domain.means(user.domain.id, user.domain.name):
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
            token=self._tokens.write(claims),
            methods=methods,
            issued_at=issued_at,
            expires_at=expires_at,
            user=user.user,
            project=project,
        )

    def _now(self) -> datetime:
        # Tokens count whole seconds.
        return self._clock().replace(microsecond=0)
