"""Define the values of identity: frozen dataclasses without secrets in their repr."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

API_NAME = "web-image"
"""The service that projects enable, as in the path of its call."""


class Role(StrEnum):
    """Define what a user may do in the projects of the account.

    ``ADMINISTRATOR`` calls the service and manages the account. ``CALLER`` calls the service.
    ``VIEWER`` signs in and lists projects, but may not call the service.
    """

    ADMINISTRATOR = "administrator"
    CALLER = "caller"
    VIEWER = "viewer"

    @property
    def may_call(self) -> bool:
        """Return whether the role may call the service."""
        return self is not Role.VIEWER


class Credential(StrEnum):
    """Define how a caller authenticated."""

    TOKEN = "token"  # noqa: S105 - a name, not a secret
    KEY = "key"
    TEMPORARY_KEY = "temporary_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """Represent an account.

    Attributes:
        id: 32 hex digits.
        name: unique in the database.
    """

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Represent a user, who signs in or owns keys.

    Attributes:
        id: 32 hex digits.
        name: unique in the account.
        domain: the account.
        role: what the user may do.
        enabled: a disabled user's password, tokens and keys are refused.
        created_at: UTC.
    """

    id: str
    name: str
    domain: Domain
    role: Role
    enabled: bool
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Represent a project; its id is part of the path of a call.

    Attributes:
        id: 32 hex digits.
        name: unique in the account, usually that of a region.
        domain: the account.
        created_at: UTC.
    """

    id: str
    name: str
    domain: Domain
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectState:
    """Represent a project with the state of its subscription.

    Attributes:
        project: the project.
        enabled: whether it may call the service.
    """

    project: Project
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """Represent a permanent key without its secret.

    Attributes:
        access: the public half (AK), 20 upper-case letters and digits.
        user_id: the owner.
        user_name: the owner's name.
        enabled: a disabled key is refused like an unknown one.
        created_at: UTC.
        last_used_at: UTC, of the last call signed with it, up to a second late; None if unused.
    """

    access: str
    user_id: str
    user_name: str
    enabled: bool
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccessKey:
    """Represent a new permanent key with its secret, which is not shown again.

    Attributes:
        access: the public half (AK), 20 upper-case letters and digits.
        secret: the secret half (SK), 40 letters and digits.
        user_id: the owner.
        user_name: the owner's name.
        created_at: UTC.
    """

    access: str
    secret: str = field(repr=False)
    user_id: str
    user_name: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPassword:
    """Represent a user whose password has just been set.

    Attributes:
        user: owner of the password.
        password: generated password, which is not shown again; None for a given one.
    """

    user: User
    password: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Represent a service that a project has enabled.

    Attributes:
        project_id: 32 hex digits.
        project_name: the project's name.
        api: name of the service as in the path, such as ``web-image``.
    """

    project_id: str
    project_name: str
    api: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Represent an authenticated caller.

    Attributes:
        user: owner of the token or key, as stored.
        credential: how the caller authenticated.
        project_id: the project a token is scoped to; None for a token scoped to an account and
            for keys, which are valid for all projects of the account.
    """

    user: User
    credential: Credential
    project_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Refer to a record by its id or its name; the id wins.

    Raises:
        ValueError: neither is given, or one is not a text that a database can hold.
    """

    id: str | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        if not self.id and not self.name:
            raise ValueError("give an id or a name")
        _check_text(self.id or "")
        _check_text(self.name or "")

    def matches(self, id_: str, name: str) -> bool:
        """Return whether this refers to the record of this id and name."""
        return self.id == id_ if self.id else self.name == name


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Request the scope of a token.

    Attributes:
        project: a project of the user's account; wins over ``domain``.
        domain: the user's account. Neither given means the user's account as well.
    """

    project: Reference | None = None
    domain: Reference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordLogin:
    """Hold the credentials of a sign-in.

    Attributes:
        user: the user; by name it needs ``domain``.
        domain: the user's account, None only with a user given by id.
        password: as typed.
        scope: scope of the new token.

    Raises:
        ValueError: a user's name without an account, or a password that is not valid text.
    """

    user: Reference
    domain: Reference | None
    password: str = field(repr=False)
    scope: Scope = Scope()

    def __post_init__(self) -> None:
        if self.domain is None and self.user.id is None:
            raise ValueError("a user's name needs the account (domain)")
        _check_text(self.password)


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenGrant:
    """Represent a token and its content.

    Attributes:
        token: the text for ``X-Subject-Token`` and ``X-Auth-Token``; ASCII, one line.
        methods: how it was obtained, such as ``("password",)``.
        issued_at: UTC, whole seconds.
        expires_at: UTC, whole seconds.
        user: its owner, with the current role.
        project: project it is scoped to; None for a token scoped to ``user.domain``.
    """

    token: str = field(repr=False)
    methods: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime
    user: User
    project: Project | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporaryKey:
    """Represent a temporary key; it is useless without its security token.

    Attributes:
        access: the public half (AK).
        secret: the secret half (SK).
        security_token: the text for ``X-Security-Token``; ASCII, one line.
        expires_at: UTC, whole seconds.
    """

    access: str
    secret: str = field(repr=False)
    security_token: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstAccount:
    """Represent the first account, created or found.

    Attributes:
        created: whether this call created it; only then the secrets are known.
        domain: name of the account.
        user: name of its first administrator, None if there is none left.
        password: of that user, None unless ``created``.
        project_id: of the oldest project, None if there is none left.
        project_name: the name of that project.
        access_key: the user's oldest enabled key, None if there is none left.
        secret_key: of that key, None unless ``created``.
    """

    created: bool
    domain: str
    user: str | None
    password: str | None = field(repr=False)
    project_id: str | None
    project_name: str | None
    access_key: str | None
    secret_key: str | None = field(repr=False)


def _check_text(text: str) -> None:
    # JSON can encode NUL and lone surrogates; databases cannot store them.
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("not a text: it has a zero character or half of a surrogate pair")
