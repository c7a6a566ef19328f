"""Define the expected response of every route to every invalid kind of credentials.

A row is a route and the kind of request. A cell is the response, or the reason why the route does
not refuse the call.
"""

from __future__ import annotations

from dataclasses import dataclass

from tests.security.managed import ADMINISTRATION, OWN_KEYS, READ_BY_ALL

FAULTS = (
    "none",
    "garbage",
    "expired",
    "revoked token",
    "other project",
    "no project",
    "disabled user",
    "disabled user's key",
    "disabled key",
    "wrong role",
    "wrong signature",
    "changed body",
    "changed query",
    "replayed after the skew",
    "locked",
)


@dataclass(frozen=True)
class Refusal:
    """Describe an error response.

    Attributes:
        status: HTTP status.
        code: ``error_code``, which errors of the identity API do not have.
        message: exact message.
    """

    status: int
    code: str
    message: str


@dataclass(frozen=True)
class NothingToRefuse:
    """State why a fault does not matter on a route; the call is made and must succeed.

    Attributes:
        reason: explanation.
    """

    reason: str


@dataclass(frozen=True)
class NotPossible:
    """State why there is no such call.

    Attributes:
        reason: explanation.
    """

    reason: str


Cell = Refusal | NothingToRefuse | NotPossible


def _unauthenticated(what: str) -> Refusal:
    return Refusal(401, "APIG.0301", f"Incorrect IAM authentication information: {what}")


_MISSING = _unauthenticated("x-auth-token not found")
_UNREADABLE = _unauthenticated("decrypt token fail")
_EXPIRED = _unauthenticated("token expires, expires_at: 2026-01-16T09:30:00.000000Z")
_REVOKED = Refusal(401, "APIG.0307", "The token must be updated.")
_UNKNOWN_KEY = _unauthenticated("Get secretKey failed,ak:******,err:ak not exist")
_BAD_SIGNATURE = _unauthenticated("verify aksk signature fail")
_OLD_SIGNATURE = _unauthenticated("calc ak sk signature fail:signature expired")
_LOCKED_KEY = _unauthenticated("AK access failed to reach the limit,forbidden.")
_ROLE = Refusal(403, "APIG.0302", "The IAM user is not authorized to access the API.")
_PROJECT = Refusal(403, "ModelArts.4203", "Access denied! You do not have permission.")
_NO_PROJECT = Refusal(
    400, "ModelArts.0212", "Invalid Token header. The Token not contain project item."
)
_WRONG = Refusal(401, "APIG.0301", "The username or password is wrong.")
_LOCKED_USER = Refusal(401, "APIG.0301", "The account is locked.")
_NO_RECORD = Refusal(404, "APIG.0101", "The record does not exist.")
_NO_REQUEST = Refusal(400, "APIG.0602", "The request body is invalid")

_TOKEN: dict[str, Cell] = {
    "none": _MISSING,
    "garbage": _UNREADABLE,
    "expired": _EXPIRED,
    "revoked token": _REVOKED,
    "disabled user": _REVOKED,
}
_SIGNATURE: dict[str, Cell] = {
    "disabled user's key": _UNKNOWN_KEY,
    "disabled key": _UNKNOWN_KEY,
    "wrong signature": _BAD_SIGNATURE,
    "changed body": _BAD_SIGNATURE,
    "changed query": _BAD_SIGNATURE,
    "replayed after the skew": _OLD_SIGNATURE,
    "locked": _LOCKED_KEY,
}
_TOKEN_ONLY: dict[str, Cell] = {**_TOKEN, **dict.fromkeys(_SIGNATURE, _MISSING)}
"""Cells of a route that accepts no signature, valid or not."""

_ANY_PROJECT = NothingToRefuse("the call concerns the account, not the token's project")
_ANY_ROLE = NothingToRefuse("every role is allowed")

TABLE: dict[tuple[str, str, str], dict[str, Cell]] = {
    ("POST", "/v2/{project_id}/ocr/web-image", "an image"): {
        **_TOKEN,
        **_SIGNATURE,
        "other project": _PROJECT,
        "no project": _NO_PROJECT,
        "wrong role": _ROLE,
    },
    ("POST", "/v3/auth/tokens", "a password"): {
        # A signature does not replace the password.
        **dict.fromkeys(_SIGNATURE, _NO_REQUEST),
        "none": _NO_REQUEST,
        "garbage": _WRONG,
        "expired": NotPossible("passwords do not expire"),
        "revoked token": _WRONG,
        "other project": _WRONG,
        "no project": NothingToRefuse(
            "it returns a token for the account, which is not valid for any call"
        ),
        "disabled user": _WRONG,
        "wrong role": _ANY_ROLE,
        "locked": _LOCKED_USER,
    },
    ("POST", "/v3/auth/tokens", "a token"): {
        **_TOKEN_ONLY,
        "other project": _WRONG,
        "no project": NothingToRefuse("a token for the account may be exchanged"),
        "wrong role": _ANY_ROLE,
    },
    ("GET", "/v3/auth/tokens", "a token"): {
        **_TOKEN_ONLY,
        "other project": _ANY_PROJECT,
        "no project": _ANY_PROJECT,
        "wrong role": _ROLE,
    },
    ("HEAD", "/v3/auth/tokens", "a token"): {
        **_TOKEN_ONLY,
        "other project": _ANY_PROJECT,
        "no project": _ANY_PROJECT,
        "wrong role": _ROLE,
    },
    ("GET", "/v3/projects", "nothing"): {
        **_TOKEN,
        **_SIGNATURE,
        "other project": _ANY_PROJECT,
        "no project": _ANY_PROJECT,
        "wrong role": _ANY_ROLE,
    },
    ("POST", "/v3.0/OS-CREDENTIAL/securitytokens", "a token"): {
        **_TOKEN_ONLY,
        "other project": _ANY_PROJECT,
        "no project": _ANY_PROJECT,
        "wrong role": NothingToRefuse(
            "every role is allowed: the key has only the rights of its user"
        ),
    },
}

TABLE |= {
    ("DELETE", "/v3/auth/tokens", "a token"): TABLE["GET", "/v3/auth/tokens", "a token"],
    ("POST", "/v1/me/password", "a new password"): {
        **_TOKEN,
        **_SIGNATURE,
        **dict.fromkeys(
            ("other project", "no project", "wrong role"),
            NotPossible("everybody is allowed, and would lose the tokens that the other rows need"),
        ),
    },
    **{
        ("GET", path, "nothing"): {
            **_TOKEN,
            **_SIGNATURE,
            "other project": _ANY_PROJECT,
            "no project": _ANY_PROJECT,
            "wrong role": _ANY_ROLE,
        }
        for path in READ_BY_ALL
    },
    **{
        (*route, "a change"): {
            **_TOKEN,
            **_SIGNATURE,
            "other project": _ANY_PROJECT,
            "no project": _ANY_PROJECT,
            "wrong role": _NO_RECORD if "{access}" in route[1] else _ANY_ROLE,
        }
        for route in OWN_KEYS
    },
    **{
        (*route, "as an administrator"): {
            **_TOKEN,
            **_SIGNATURE,
            "other project": _ROLE,
            "no project": _ROLE,
            "wrong role": _ROLE,
        }
        for route in ADMINISTRATION
    },
}

OPEN = {
    ("GET", "/v1/service"),
    ("GET", "/healthz"),
    ("HEAD", "/healthz"),
    ("GET", "/readyz"),
    ("HEAD", "/readyz"),
    ("GET", "/openapi.json"),
    ("HEAD", "/openapi.json"),
}
"""Routes without authentication."""
