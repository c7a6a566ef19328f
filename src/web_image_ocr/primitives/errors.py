"""Define the error type of the package and the closed list of its kinds.

A kind does not say how the error is shown: ``api.wire.errors`` maps every kind to an HTTP status
and a wire code, ``cli.exit_codes`` to an exit status.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

MAX_DETAIL = 2000
"""Characters; the rest is cut. ``text.quoted`` cuts text from callers."""


class ErrorKind(StrEnum):
    """List what can go wrong."""

    # The HTTP request.
    ROUTE_UNKNOWN = "route_unknown"
    BODY_TOO_LARGE = "body_too_large"
    URI_TOO_LONG = "uri_too_long"
    HEADERS_TOO_LARGE = "headers_too_large"
    ORIGIN_FORBIDDEN = "origin_forbidden"
    JSON_INVALID = "json_invalid"
    PARAMETER_INVALID = "parameter_invalid"
    IMAGE_TEXT_TOO_LONG = "image_text_too_long"
    # The image.
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
    # Authentication and authorization.
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
    # The identity API and administration.
    IDENTITY_REQUEST_INVALID = "identity_request_invalid"
    MANAGEMENT_REQUEST_INVALID = "management_request_invalid"
    LOGIN_FAILED = "login_failed"
    LOGIN_LOCKED = "login_locked"
    SUBJECT_TOKEN_INVALID = "subject_token_invalid"  # noqa: S105 - a name, not a secret
    RECORD_UNKNOWN = "record_unknown"
    RECORD_CONFLICT = "record_conflict"
    QUOTA_EXCEEDED = "quota_exceeded"
    # Load and failures of the server.
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
    """Report a failure of a known kind.

    Args:
        kind: what went wrong.
        detail: sentence for the log and the command line, not sent over HTTP. It must not contain
            a secret, an image or recognized text.
        public: values for the placeholders of the kind's public message, such as ``expires_at``;
            safe to send to the caller.
        retry_after: seconds until a retry makes sense, if known.
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
        self.detail = detail if len(detail) <= MAX_DETAIL else f"{detail[:MAX_DETAIL]}…"
        self.public: dict[str, str | datetime] = dict(public or {})
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[object, ...]:
        """Support pickling, for the pipe between a worker process and the server."""
        return _rebuild, (self.kind, self.detail, self.public, self.retry_after)


def _rebuild(
    kind: ErrorKind, detail: str, public: dict[str, str | datetime], retry_after: float | None
) -> ServiceError:
    return ServiceError(kind, detail, public=public, retry_after=retry_after)
