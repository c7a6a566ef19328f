"""Map every ``ErrorKind`` to the status, code and message of the cloud API, and encode it.

Codes and messages equal the public error pages of the OCR service (``AIS.*``), of the platform
below it (``ModelArts.*``) and of its gateway (``APIG.*``).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema
from starlette.responses import Response

from web_image_ocr.api.wire.codec import Wire, json_response, wire_time
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

_STORAGE_FAILED = "Obtaining the file from the OBS failed."
_AUTHENTICATION = "Incorrect IAM authentication information: "


class ServiceFailure(Wire):
    """A failed call."""

    error_code: str = Field(examples=["AIS.0103"])
    error_msg: str = Field(examples=["The image size does not meet the requirements."])
    request_id: str | SkipJsonSchema[None] = Field(
        default=None, description="Only for codes `APIG.*`; same as `X-Request-Id`."
    )


class IdentityFailureBody(Wire):
    """Body of a failed identity call."""

    code: int = Field(description="The HTTP status.", examples=[401])
    message: str = Field(examples=["The username or password is wrong."])
    title: str = Field(examples=["Unauthorized"])


class IdentityFailure(Wire):
    """A failed identity call."""

    error: IdentityFailureBody


@dataclass(frozen=True, slots=True)
class WireError:
    """Represent one row of the error table.

    Attributes:
        status: HTTP status.
        code: ``error_code`` on the wire.
        message: ``error_msg`` on the wire; ``{names}`` are filled from ``ServiceError.public``.
    """

    status: int
    code: str
    message: str


TABLE: Mapping[ErrorKind, WireError] = {
    # The HTTP request.
    ErrorKind.ROUTE_UNKNOWN: WireError(
        404, "APIG.0101", "The API does not exist or has not been published in the environment."
    ),
    ErrorKind.BODY_TOO_LARGE: WireError(413, "APIG.0201", "Request entity too large."),
    ErrorKind.URI_TOO_LONG: WireError(414, "APIG.0201", "Request URI too large."),
    ErrorKind.HEADERS_TOO_LARGE: WireError(494, "APIG.0201", "Request headers too large."),
    ErrorKind.ORIGIN_FORBIDDEN: WireError(403, "APIG.0306", "API access denied."),
    ErrorKind.JSON_INVALID: WireError(
        400, "ModelArts.4105", "The JSON format of the input data is incorrect."
    ),
    ErrorKind.PARAMETER_INVALID: WireError(400, "AIS.0101", "The input parameter is invalid."),
    ErrorKind.IMAGE_TEXT_TOO_LONG: WireError(
        400, "ModelArts.4104", "Invalid Request Content Length."
    ),
    # The image.
    ErrorKind.FORMAT_UNSUPPORTED: WireError(400, "AIS.0102", "The image format is not supported."),
    ErrorKind.IMAGE_SIZE: WireError(
        400, "AIS.0103", "The image size does not meet the requirements."
    ),
    ErrorKind.SOURCE_FORBIDDEN: WireError(400, "ModelArts.4601", "The URL is not allowed."),
    ErrorKind.SOURCE_UNREACHABLE: WireError(
        400, "ModelArts.4603", "Obtaining the file from the URL failed."
    ),
    ErrorKind.STORAGE_KEY_REFUSED: WireError(400, "ModelArts.4702", "Query Obs agency failed."),
    ErrorKind.STORAGE_URL_INVALID: WireError(400, "ModelArts.4703", "The Obs URL is invalid."),
    ErrorKind.STORAGE_FORBIDDEN: WireError(400, "ModelArts.4704", _STORAGE_FAILED),
    ErrorKind.STORAGE_UNREACHABLE: WireError(400, "ModelArts.4704", _STORAGE_FAILED),
    ErrorKind.STORAGE_OBJECT_SIZE: WireError(
        400, "ModelArts.4705", "The file stored on the OBS is oversized."
    ),
    ErrorKind.STORAGE_OBJECT_MISSING: WireError(
        400, "ModelArts.4706", "The Obs file is not exist."
    ),
    # Authentication and authorization.
    ErrorKind.CREDENTIALS_MISSING: WireError(
        401, "APIG.0301", _AUTHENTICATION + "x-auth-token not found"
    ),
    ErrorKind.TOKEN_UNREADABLE: WireError(401, "APIG.0301", _AUTHENTICATION + "decrypt token fail"),
    ErrorKind.TOKEN_EXPIRED: WireError(
        401, "APIG.0301", _AUTHENTICATION + "token expires, expires_at: {expires_at}"
    ),
    ErrorKind.TOKEN_REVOKED: WireError(401, "APIG.0307", "The token must be updated."),
    ErrorKind.TOKEN_WITHOUT_PROJECT: WireError(
        400, "ModelArts.0212", "Invalid Token header. The Token not contain project item."
    ),
    ErrorKind.SIGNATURE_INVALID: WireError(
        401, "APIG.0301", _AUTHENTICATION + "verify aksk signature fail"
    ),
    ErrorKind.SIGNATURE_EXPIRED: WireError(
        401, "APIG.0301", _AUTHENTICATION + "calc ak sk signature fail:signature expired"
    ),
    ErrorKind.KEY_UNKNOWN: WireError(
        401, "APIG.0301", _AUTHENTICATION + "Get secretKey failed,ak:******,err:ak not exist"
    ),
    ErrorKind.KEY_LOCKED: WireError(
        401, "APIG.0301", _AUTHENTICATION + "AK access failed to reach the limit,forbidden."
    ),
    ErrorKind.PROJECT_FORBIDDEN: WireError(
        403, "ModelArts.4203", "Access denied! You do not have permission."
    ),
    ErrorKind.ROLE_FORBIDDEN: WireError(
        403, "APIG.0302", "The IAM user is not authorized to access the API."
    ),
    ErrorKind.NOT_SUBSCRIBED: WireError(
        400, "ModelArts.4204", "Request api error! The API web-image is not subscribed."
    ),
    # Identity API only; its body has the status in place of the code.
    ErrorKind.IDENTITY_REQUEST_INVALID: WireError(400, "APIG.0602", "The request body is invalid"),
    ErrorKind.LOGIN_FAILED: WireError(401, "APIG.0301", "The username or password is wrong."),
    ErrorKind.LOGIN_LOCKED: WireError(401, "APIG.0301", "The account is locked."),
    ErrorKind.SUBJECT_TOKEN_INVALID: WireError(
        404, "APIG.0101", "X-Subject-Token is invalid in the request"
    ),
    # Management API only.
    ErrorKind.MANAGEMENT_REQUEST_INVALID: WireError(
        400, "APIG.0602", "The request is invalid: {reason}"
    ),
    ErrorKind.RECORD_UNKNOWN: WireError(404, "APIG.0101", "The record does not exist."),
    ErrorKind.RECORD_CONFLICT: WireError(
        409, "APIG.0602", "The record exists already or must stay: {reason}"
    ),
    ErrorKind.QUOTA_EXCEEDED: WireError(403, "APIG.0602", "The quota is used up: {reason}"),
    # Load and failures of the server.
    ErrorKind.RATE_LIMITED: WireError(
        429,
        "APIG.0308",
        "The throttling threshold has been reached: "
        "policy user over ratelimit,limit:{limit},time:{time}",
    ),
    ErrorKind.OVERLOADED: WireError(429, "ModelArts.4401", "Max concurrency error."),
    ErrorKind.DEADLINE_EXCEEDED: WireError(504, "ModelArts.4402", "Backend service timeout error."),
    ErrorKind.RECOGNITION_FAILED: WireError(400, "AIS.0105", "Recognition failed."),
    ErrorKind.ENGINE_UNAVAILABLE: WireError(
        503, "ModelArts.4403", "Backend service unavailable error."
    ),
    ErrorKind.DATABASE_UNAVAILABLE: WireError(503, "APIG.0201", "Backend unavailable."),
    ErrorKind.MODEL_UNAVAILABLE: WireError(503, "ModelArts.4508", "Service not start."),
    ErrorKind.CONFIGURATION_INVALID: WireError(
        500, "ModelArts.4505", "Backend service internal error."
    ),
    ErrorKind.INTERNAL: WireError(500, "ModelArts.4505", "Backend service internal error."),
}
"""One row for each ``ErrorKind``."""


def wire_error(error: ServiceError) -> WireError:
    """Return the row of an error with its message filled in; missing values stay empty."""
    row = TABLE[error.kind]
    if "{" not in row.message:
        return row
    values = {
        name: wire_time(value) if isinstance(value, datetime) else value
        for name, value in error.public.items()
    }
    return WireError(row.status, row.code, row.message.format_map(defaultdict(str, values)))


def error_response(error: ServiceError, *, request_id: str, identity_form: bool) -> Response:
    """Return the HTTP response of an error; see ``error_body``."""
    row = wire_error(error)
    body = error_body(row, request_id=request_id, identity_form=identity_form)
    response = json_response(body, row.status)
    if row.status == HTTPStatus.TOO_MANY_REQUESTS or error.retry_after is not None:
        response.headers["retry-after"] = str(math.ceil(error.retry_after or 1.0))
    return response


def error_body(row: WireError, *, request_id: str, identity_form: bool) -> dict[str, object]:
    """Return the JSON object of an error.

    Args:
        row: with its message filled in.
        request_id: of the call; part of the body for codes of the gateway (``APIG.*``).
        identity_form: true for the identity API's ``{"error": …}``, false for
            ``error_code`` and ``error_msg``.
    """
    if identity_form:
        error = {"code": row.status, "message": row.message, "title": status_title(row.status)}
        return {"error": error}
    body: dict[str, object] = {"error_code": row.code, "error_msg": row.message}
    if row.code.startswith("APIG."):
        body["request_id"] = request_id
    return body


def status_title(status: int) -> str:
    """Return the reason phrase of an HTTP status."""
    # 494 is not a standard status: the cloud gateway defines it.
    return "Request Headers Too Large" if status == 494 else HTTPStatus(status).phrase
