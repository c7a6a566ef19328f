"""The one error type of the package and the closed list of its kinds.

An error says what went wrong (``kind``), never how it is shown: HTTP statuses and
wire codes are in ``api.wire.errors``, exit codes in ``cli.exit_codes``. Both are total
over ``ErrorKind``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

MOST_DETAIL = 2000
"""Characters of a detail; the rest is cut. Callers' texts in it are cut by ``text.quoted``."""


class ErrorKind(StrEnum):
    """What can go wrong, in the service's own words."""

    # The request as HTTP sees it.
    ROUTE_UNKNOWN = "route_unknown"
    BODY_TOO_LARGE = "body_too_large"
    URI_TOO_LONG = "uri_too_long"
    HEADERS_TOO_LARGE = "headers_too_large"
    ORIGIN_FORBIDDEN = "origin_forbidden"
    JSON_INVALID = "json_invalid"
    PARAMETER_INVALID = "parameter_invalid"
    IMAGE_TEXT_TOO_LONG = "image_text_too_long"
    # The picture.
    FORMAT_UNSUPPORTED = "format_unsupported"
    IMAGE_SIZE = "image_size"
    SOURCE_FORBIDDEN = "source_forbidden"
    SOURCE_UNREACHABLE = "source_unreachable"
    STORAGE_KEY_REFUSED = "storage_key_refused"
    STORAGE_URL_INVALID = "storage_url_invalid"
    STORAGE_FORBIDDEN = "storage_forbidden"
    STORAGE_UNREACHABLE = "storage_unreachable"
    STORAGE_OBJECT_SIZE = "storage_object_size"
    STORAGE_OBJECT_MISSING = "storage_object_missing"
    # Who is calling.
    CREDENTIALS_MISSING = "credentials_missing"
    TOKEN_UNREADABLE = "token_unreadable"  # noqa: S105 - a name, not a secret
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a name, not a secret
    TOKEN_REVOKED = "token_revoked"  # noqa: S105 - a name, not a secret
    TOKEN_WITHOUT_PROJECT = "token_without_project"  # noqa: S105 - a name, not a secret
    SIGNATURE_INVALID = "signature_invalid"
    SIGNATURE_EXPIRED = "signature_expired"
    KEY_UNKNOWN = "key_unknown"
    KEY_LOCKED = "key_locked"
    PROJECT_FORBIDDEN = "project_forbidden"
    ROLE_FORBIDDEN = "role_forbidden"
    NOT_SUBSCRIBED = "not_subscribed"
    # The identity API and the administration of accounts.
    IDENTITY_REQUEST_INVALID = "identity_request_invalid"
    MANAGEMENT_REQUEST_INVALID = "management_request_invalid"
    LOGIN_FAILED = "login_failed"
    LOGIN_LOCKED = "login_locked"
    SUBJECT_TOKEN_INVALID = "subject_token_invalid"  # noqa: S105 - a name, not a secret
    RECORD_UNKNOWN = "record_unknown"
    RECORD_CONFLICT = "record_conflict"
    QUOTA_EXCEEDED = "quota_exceeded"
    # Load and the server's own troubles.
    RATE_LIMITED = "rate_limited"
    OVERLOADED = "overloaded"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    RECOGNITION_FAILED = "recognition_failed"
    ENGINE_UNAVAILABLE = "engine_unavailable"
    DATABASE_UNAVAILABLE = "database_unavailable"
    CONFIGURATION_INVALID = "configuration_invalid"
    MODEL_UNAVAILABLE = "model_unavailable"
    INTERNAL = "internal"


class ServiceError(Exception):
    """A failure of a known kind.

    Args:
        kind: what went wrong.
        detail: a sentence for the log and the command line; never a secret, a
            picture or a recognised text. It is not sent over HTTP.
        public: values for the placeholders of the kind's public text (for instance
            ``expires_at``); safe to send to the caller.
        retry_after: seconds after which another try makes sense, where that is known.
    """

    def __init__(
        self,
        kind: ErrorKind,
        detail: str = "",
        *,
        public: Mapping[str, str | datetime] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail or kind.value)
        self.kind = kind
        self.detail = detail if len(detail) <= MOST_DETAIL else f"{detail[:MOST_DETAIL]}…"
        self.public: dict[str, str | datetime] = dict(public or {})
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the pipe between a worker process and the server."""
        return _rebuild, (self.kind, self.detail, self.public, self.retry_after)


def _rebuild(
    kind: ErrorKind, detail: str, public: dict[str, str | datetime], retry_after: float | None
) -> ServiceError:
    return ServiceError(kind, detail, public=public, retry_after=retry_after)
