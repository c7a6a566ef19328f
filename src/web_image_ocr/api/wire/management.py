"""Describe the management API: models of requests and answers, encoders of answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, TypeVar

from pydantic import ConfigDict, Field

from web_image_ocr.api.wire.codec import Wire, wire_time
from web_image_ocr.identity import (
    AccessKey,
    NewAccessKey,
    NewPassword,
    Principal,
    Project,
    ProjectState,
    ResultPage,
    Role,
    User,
)

_Value = TypeVar("_Value")


class StrictWire(Wire):
    """Base of request bodies; unknown keys are an error."""

    model_config = ConfigDict(extra="forbid")


_Name = Annotated[
    str, Field(description="1 to 64 printable characters without leading or trailing blanks.")
]
_Role = Annotated[Role, Field(strict=False, description="Role of the user.")]
_NewPassword = Annotated[
    str, Field(description="8 to 1,024 characters; common and guessable passwords are refused.")
]
_NextMarker = Annotated[
    str | None, Field(description="`marker` of the next page; null on the last page.")
]
Time = Annotated[str, Field(description="UTC.", examples=["2026-01-03T09:05:22.000000Z"])]


class NewPasswordRequest(StrictWire):
    """A new password for the caller."""

    current_password: str
    new_password: _NewPassword


class NewProjectRequest(StrictWire):
    """A project to create."""

    name: _Name


class NewKeyRequest(StrictWire):
    """An access key to create."""

    user_id: str | None = Field(
        default=None, description="Id of the owner; absent means the caller. Administrators only."
    )


class KeyChange(StrictWire):
    """Changes of an access key."""

    enabled: bool


class NewUserRequest(StrictWire):
    """A user to create."""

    name: _Name
    role: _Role
    password: _NewPassword | None = Field(
        default=None, description="Absent: the server generates one."
    )


class UserChange(StrictWire):
    """Changes of a user; absent fields stay unchanged."""

    role: _Role | None = None
    enabled: bool | None = None


class PasswordReset(StrictWire):
    """A new password for a user."""

    password: _NewPassword | None = Field(
        default=None, description="Absent: the server generates one."
    )


MANAGEMENT_REQUESTS: tuple[type[StrictWire], ...] = (
    NewPasswordRequest,
    NewProjectRequest,
    NewKeyRequest,
    KeyChange,
    NewUserRequest,
    UserChange,
    PasswordReset,
)
"""Models of all request bodies."""


class Limits(Wire):
    """Limits of a call."""

    min_side: int = Field(description="Pixels.")
    max_side: int = Field(description="Pixels.")
    max_image_bytes: int = Field(description="Size of the Base64 text.")
    max_body_bytes: int
    deadline_s: float = Field(description="Time limit of one recognition, seconds.")
    rate_limit: str = Field(
        description="Calls of one project, such as `100/minute`; empty: no limit."
    )


class Model(Wire):
    """A loaded model."""

    part: Literal["detection", "recognition"]
    name: str
    precision: Literal["float32", "int8"] = Field(
        description="Precision of the large matrix products."
    )


class ServiceAnswer(Wire):
    """Capabilities of the server."""

    authentication: bool = Field(description="Whether calls need credentials.")
    version: str
    edition: str
    formats: list[str] = Field(examples=[["JPEG", "PNG"]])
    limits: Limits
    models: list[Model]


class IdAndName(Wire):
    """A reference to a record."""

    id: str
    name: str


class Me(IdAndName):
    """The caller."""

    role: Role


class MeAnswer(Wire):
    """The caller, its account and its project."""

    user: Me
    domain: IdAndName
    project: IdAndName | None = Field(
        description="Project of the token; null for other credentials."
    )


class ManagedProject(Wire):
    """A project."""

    id: str
    name: str
    enabled: bool = Field(description="Whether the service is enabled for the project.")
    created_at: Time


class ManagedProjectsAnswer(Wire):
    """A page of the projects of the account."""

    projects: list[ManagedProject]
    next_marker: _NextMarker


class Key(Wire):
    """An access key without its secret."""

    access: str
    user_id: str
    user_name: str
    enabled: bool
    created_at: Time
    last_used_at: str | None = Field(description="UTC, a few seconds late; null: never.")


class NewKeyAnswer(Key):
    """A new access key with its secret, which is not shown again."""

    secret: str


class KeysAnswer(Wire):
    """A page of access keys."""

    keys: list[Key]
    next_marker: _NextMarker


class ManagedUser(Wire):
    """A user."""

    id: str
    name: str
    role: Role
    enabled: bool
    created_at: Time


class UsersAnswer(Wire):
    """A page of the users of the account."""

    users: list[ManagedUser]
    next_marker: _NextMarker


class NewPasswordAnswer(Wire):
    """A user with a new password."""

    user: ManagedUser
    password: str | None = Field(
        description="The generated password, not shown again; null if the request had one."
    )


def encode_list(
    name: str, encode: Callable[[_Value], dict[str, object]], found: ResultPage[_Value]
) -> dict[str, object]:
    """Return one page of a list."""
    return {name: [encode(value) for value in found], "next_marker": found.next_marker}


def encode_me(principal: Principal, project: Project | None) -> dict[str, object]:
    """Return the caller, its account and its project."""
    user = principal.user
    return {
        "user": {"id": user.id, "name": user.name, "role": user.role.value},
        "domain": {"id": user.domain.id, "name": user.domain.name},
        "project": {"id": project.id, "name": project.name} if project else None,
    }


def encode_project(state: ProjectState) -> dict[str, object]:
    """Return a project."""
    return {
        "id": state.project.id,
        "name": state.project.name,
        "enabled": state.enabled,
        "created_at": wire_time(state.project.created_at),
    }


def encode_key(key: AccessKey) -> dict[str, object]:
    """Return a key without its secret."""
    return {
        "access": key.access,
        "user_id": key.user_id,
        "user_name": key.user_name,
        "enabled": key.enabled,
        "created_at": wire_time(key.created_at),
        "last_used_at": wire_time(key.last_used_at) if key.last_used_at else None,
    }


def encode_new_key(key: NewAccessKey) -> dict[str, object]:
    """Return a new key with its secret."""
    return {
        "access": key.access,
        "secret": key.secret,
        "user_id": key.user_id,
        "user_name": key.user_name,
        "enabled": True,
        "created_at": wire_time(key.created_at),
        "last_used_at": None,
    }


def encode_user(user: User) -> dict[str, object]:
    """Return a user."""
    return {
        "id": user.id,
        "name": user.name,
        "role": user.role.value,
        "enabled": user.enabled,
        "created_at": wire_time(user.created_at),
    }


def encode_new_password(changed: NewPassword) -> dict[str, object]:
    """Return a user and, if the server generated it, the new password."""
    return {"user": encode_user(changed.user), "password": changed.password}
