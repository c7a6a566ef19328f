"""Wire models of the management API. Private to ``api``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from web_image_ocr.api.schemas import Wire
from web_image_ocr.identity import Role


class Exact(Wire):
    """A body of which every key must be known."""

    model_config = ConfigDict(extra="forbid")


_Name = Annotated[str, Field(description="1 to 64 printable characters, no blanks around them.")]
_Role = Annotated[Role, Field(strict=False, description="What the user may do.")]
_NewPassword = Annotated[str, Field(description="8 to 1,024 characters, not easy to guess.")]
_NextMarker = Annotated[
    str | None, Field(description="`marker` of the next page; null: this is the last one.")
]
_Time = Annotated[str, Field(description="UTC.", examples=["2026-01-03T09:05:22.000000Z"])]


class NewPasswordRequest(Exact):
    """Another password for oneself."""

    current_password: str
    new_password: _NewPassword


class NewProjectRequest(Exact):
    """A project to make."""

    name: _Name


class NewKeyRequest(Exact):
    """An access key to make."""

    user_id: str | None = Field(
        default=None, description="Its owner; absent means the caller. Administrators only."
    )


class KeyChange(Exact):
    """What shall be different about a key."""

    enabled: bool


class NewUserRequest(Exact):
    """A user to make."""

    name: _Name
    role: _Role
    password: _NewPassword | None = Field(default=None, description="Absent: a random one.")


class UserChange(Exact):
    """What shall be different about a user; what is absent stays."""

    role: _Role | None = None
    enabled: bool | None = None


class PasswordReset(Exact):
    """Another password for a user."""

    password: _NewPassword | None = Field(default=None, description="Absent: a random one.")


MANAGEMENT_REQUESTS: tuple[type[Exact], ...] = (
    NewPasswordRequest,
    NewProjectRequest,
    NewKeyRequest,
    KeyChange,
    NewUserRequest,
    UserChange,
    PasswordReset,
)
"""All bodies that are read by hand."""


class Limits(Wire):
    """What a call may be."""

    min_side: int = Field(description="Pixels.")
    max_side: int = Field(description="Pixels.")
    max_image_bytes: int = Field(description="Of the Base64 text.")
    max_body_bytes: int
    deadline_s: float = Field(description="Seconds for one recognition.")
    rate_limit: str = Field(description="Such as `100/minute`, a project; empty: none.")


class Model(Wire):
    """A model in use."""

    part: Literal["detection", "recognition"]
    name: str
    precision: Literal["float32", "int8"] = Field(
        description="Of the numbers that its large products are computed with."
    )


class ServiceAnswer(Wire):
    """What the server can do."""

    authentication: bool = Field(description="Whether callers must show credentials.")
    version: str
    edition: str
    formats: list[str] = Field(examples=[["JPEG", "PNG"]])
    limits: Limits
    models: list[Model]


class IdAndName(Wire):
    """Something that is referred to."""

    id: str
    name: str


class Me(IdAndName):
    """Who is calling."""

    role: Role


class MeAnswer(Wire):
    """Who is calling, for what."""

    user: Me
    domain: IdAndName
    project: IdAndName | None = Field(description="Of a project's token, else null.")


class ManagedProject(Wire):
    """A project."""

    id: str
    name: str
    enabled: bool = Field(description="Whether it may call the service.")
    created_at: _Time


class ManagedProjectsAnswer(Wire):
    """Projects of the account."""

    projects: list[ManagedProject]
    next_marker: _NextMarker


class Key(Wire):
    """An access key without its secret."""

    access: str
    user_id: str
    user_name: str
    enabled: bool
    created_at: _Time
    last_used_at: str | None = Field(description="UTC, some seconds late; null: never.")


class NewKeyAnswer(Key):
    """An access key at the one time that its secret is shown."""

    secret: str


class KeysAnswer(Wire):
    """Access keys."""

    keys: list[Key]
    next_marker: _NextMarker


class ManagedUser(Wire):
    """A user."""

    id: str
    name: str
    role: Role
    enabled: bool
    created_at: _Time


class UsersAnswer(Wire):
    """Users of the account."""

    users: list[ManagedUser]
    next_marker: _NextMarker


class NewPasswordAnswer(Wire):
    """A user with a new password."""

    user: ManagedUser
    password: str | None = Field(description="The random one, shown once; null: as given.")


class Latency(Wire):
    """Milliseconds within which that part of the calls was answered; right to 9 percent."""

    p50: float
    p95: float
    p99: float


class UsagePoint(Wire):
    """One step of time."""

    at: _Time
    calls: int
    succeeded: int
    failed: int
    latency_ms: Latency | None = Field(description="Of the calls that succeeded; null: none did.")


class FailedCalls(Wire):
    """Calls that failed in one way."""

    code: str = Field(description="Empty: the client went away before the answer.")
    status: int
    calls: int


class UsageTotal(Wire):
    """All steps together."""

    calls: int
    succeeded: int
    failed: int
    codes: list[FailedCalls] = Field(description="The most frequent ones first.")
    latency_ms: Latency | None = Field(description="Of the calls that succeeded; null: none did.")


class UsageAnswer(Wire):
    """Calls, counted."""

    from_: _Time = Field(alias="from")
    to: _Time
    step: Literal["minute", "hour", "day", "month"]
    points: list[UsagePoint]
    total: UsageTotal
