"""What identity takes and gives back: plain frozen values, secrets never in their repr."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

API_NAME = "web-image"
"""The service that projects enable, as in the path of its call."""


class Role(StrEnum):
    """What a user may do in the projects of the own account.

    ``ADMINISTRATOR`` calls and looks after the account, ``CALLER`` calls, ``VIEWER``
    signs in and looks up projects but may not call the service.
    """

    ADMINISTRATOR = "administrator"
    CALLER = "caller"
    VIEWER = "viewer"

    @property
    def may_call(self) -> bool:
        """Whether calls of the service are allowed."""
        return self is not Role.VIEWER


class Credential(StrEnum):
    """What a caller proved to be itself with."""

    TOKEN = "token"  # noqa: S105 - a name, not a secret
    KEY = "key"
    TEMPORARY_KEY = "temporary_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """An account.

    Attributes:
        id: 32 hex digits.
        name: unique in the store.
    """

    id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """Somebody who signs in, or owns keys.

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
    """What calls are made for; its id stands in the path of the call.

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
    """Describe a project as its users see it.

    Attributes:
        project: which one.
        enabled: whether it may call the service.
    """

    project: Project
    enabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """A permanent key as it may be shown at any time.

    Attributes:
        access: the public half (AK), 20 upper-case letters and digits.
        user_id: the owner.
        user_name: the owner's name.
        enabled: a disabled key is refused like an unknown one.
        created_at: UTC.
        last_used_at: UTC, of the last call signed with it, a second late; None for none yet.
    """

    access: str
    user_id: str
    user_name: str
    enabled: bool
    created_at: datetime
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAccessKey:
    """A permanent key at the one moment when its secret is known.

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
    """A user whose password has just been set.

    Attributes:
        user: whose it is.
        password: the random one, at the one moment when it is known; None for one that
            was given.
    """

    user: User
    password: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """That a project has enabled a service.

    Attributes:
        project_id: 32 hex digits.
        project_name: the project's name.
        api: name of the service as in the path, for instance ``web-image``.
    """

    project_id: str
    project_name: str
    api: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who is calling, proved.

    Attributes:
        user: the user whose token or key it is, as read from the store.
        credential: what was shown.
        project_id: the project a token was issued for; None for an account's token and
            for keys, which are good for all projects of the user's account.
    """

    user: User
    credential: Credential
    project_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Something named by its id or by its name; the id wins.

    Raises:
        ValueError: neither is given, or one is no text that a store could hold.
    """

    id: str | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        if not self.id and not self.name:
            raise ValueError("give an id or a name")
        _check_text(self.id or "")
        _check_text(self.name or "")

    def means(self, id_: str, name: str) -> bool:
        """Whether this refers to what has the id and the name."""
        return self.id == id_ if self.id else self.name == name


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What a token shall be good for.

    Attributes:
        project: a project of the user's account; wins over ``domain``.
        domain: the user's account. Neither given means the user's account, too.
    """

    project: Reference | None = None
    domain: Reference | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordLogin:
    """What a user signs in with.

    Attributes:
        user: the user; by name it needs ``domain``.
        domain: the user's account, None only with a user given by id.
        password: as typed.
        scope: what the token shall be good for.

    Raises:
        ValueError: a user's name without an account, or a password that is no text.
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
    """A token and what it says.

    Attributes:
        token: the text for ``X-Subject-Token`` and ``X-Auth-Token``; ASCII, one line.
        methods: how it was obtained, for instance ``("password",)``.
        issued_at: UTC, whole seconds.
        expires_at: UTC, whole seconds.
        user: its owner, with the role of now.
        project: what it was issued for; None for an account's token, which is good for
            ``user.domain``.
    """

    token: str = field(repr=False)
    methods: tuple[str, ...]
    issued_at: datetime
    expires_at: datetime
    user: User
    project: Project | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TemporaryKey:
    """A key that ends by itself; useless without its security token.

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
    """What the first start made, or what it found.

    Attributes:
        created: whether this call made it; only then are the secrets known.
        domain: name of the account.
        user: name of its first administrator, None if there is none any more.
        password: of that user, None unless ``created``.
        project_id: of the oldest project, None if there is none any more.
        project_name: the name of that project.
        access_key: the user's oldest enabled key, None if there is none any more.
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
    # JSON can spell half of a surrogate pair and the zero character; stores cannot.
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("not a text: it has a zero character or half of a surrogate pair")
