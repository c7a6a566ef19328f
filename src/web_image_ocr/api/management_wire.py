"""Bodies of the management API's answers, from identity's values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from web_image_ocr.identity import (
    AccessKey,
    Listed,
    NewAccessKey,
    NewPassword,
    Principal,
    Project,
    ProjectState,
    User,
    wire_time,
)

Value = TypeVar("Value")


def encode_list(
    name: str, encode: Callable[[Value], dict[str, object]], found: Listed[Value]
) -> dict[str, object]:
    """Return one page of a list.

    Args:
        name: what is listed, in the plural.
        encode: makes the entry of a record.
        found: the page.
    """
    return {name: [encode(value) for value in found], "next_marker": found.next_marker}


def encode_me(principal: Principal, project: Project | None) -> dict[str, object]:
    """Who is calling, for what."""
    user = principal.user
    return {
        "user": {"id": user.id, "name": user.name, "role": user.role.value},
        "domain": {"id": user.domain.id, "name": user.domain.name},
        "project": {"id": project.id, "name": project.name} if project else None,
    }


def encode_project(state: ProjectState) -> dict[str, object]:
    """A project."""
    return {
        "id": state.project.id,
        "name": state.project.name,
        "enabled": state.enabled,
        "created_at": wire_time(state.project.created_at),
    }


def encode_key(key: AccessKey) -> dict[str, object]:
    """A key without its secret."""
    return {
        "access": key.access,
        "user_id": key.user_id,
        "user_name": key.user_name,
        "enabled": key.enabled,
        "created_at": wire_time(key.created_at),
        "last_used_at": _time_or_null(key.last_used_at),
    }


def encode_new_key(key: NewAccessKey) -> dict[str, object]:
    """A key that has just been made, with its secret."""
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
    """A user."""
    return {
        "id": user.id,
        "name": user.name,
        "role": user.role.value,
        "enabled": user.enabled,
        "created_at": wire_time(user.created_at),
    }


def encode_new_password(changed: NewPassword) -> dict[str, object]:
    """A user with a new password, which is told if nobody gave it."""
    return {"user": encode_user(changed.user), "password": changed.password}


def _time_or_null(moment: datetime | None) -> str | None:
    return wire_time(moment) if moment else None
