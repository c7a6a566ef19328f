"""Describe identity's results for the audit trail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ParamSpec, TypeVar

from web_image_ocr.identity.values import (
    AccessKey,
    FirstAccount,
    NewAccessKey,
    NewPassword,
    Project,
    Subscription,
    TemporaryKey,
    TokenGrant,
    User,
)
from web_image_ocr.primitives.audit import audited
from web_image_ocr.primitives.errors import ErrorKind

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

SIGN_IN_REFUSALS = {
    ErrorKind.LOGIN_FAILED: "sign_in_failed",
    ErrorKind.LOGIN_LOCKED: "sign_in_locked",
    ErrorKind.RATE_LIMITED: "sign_in_limited",
}
SIGNATURE_FAILED = "signature_failed"
SIGNATURE_REFUSALS = {
    ErrorKind.SIGNATURE_INVALID: SIGNATURE_FAILED,
    ErrorKind.KEY_UNKNOWN: SIGNATURE_FAILED,
    ErrorKind.KEY_LOCKED: "key_locked",
}


def audited_as(
    event: str | None, *, refusals: Mapping[ErrorKind, str] | None = None
) -> Callable[[Callable[_Parameters, _Result]], Callable[_Parameters, _Result]]:
    """Decorate a function that changes accounts or authenticates; see ``audit.audited``."""
    return audited(event, fields=_fields, refusals=refusals)


def _fields(result: object) -> Mapping[str, Any] | None:
    match result:
        case NewPassword(user=user):
            return {"target": user.id}
        case User():
            return {"target": result.id, "role": result.role.value, "enabled": result.enabled}
        case Project():
            return {"target": result.id}
        case NewAccessKey():
            return {"target": result.access, "owner": result.user_id}
        case AccessKey():
            return {"target": result.access, "owner": result.user_id, "enabled": result.enabled}
        case Subscription():
            return {"target": result.project_id, "api": result.api}
        case TokenGrant(user=user):
            return {"actor": user.id, "target": user.id}
        case TemporaryKey():
            return {"target": result.access}
        case FirstAccount():
            return {"target": result.project_id} if result.created else None
        case _:
            return {}
