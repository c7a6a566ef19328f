"""The contract's codes and messages, copied from its pages and not from the code."""

from __future__ import annotations

import pytest

from web_image_ocr.api.wire.errors import wire_error
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

PUBLIC = {
    "expires_at": "2026-01-04T09:05:22.000000Z",
    "limit": "100",
    "time": "1 minute",
    "reason": "that {name} is taken",
}

_AUTHENTICATION = "Incorrect IAM authentication information: "
_THROTTLING = "The throttling threshold has been reached: "

SERVICE = {
    ErrorKind.PARAMETER_INVALID: (400, "AIS.0101", "The input parameter is invalid."),
    ErrorKind.FORMAT_UNSUPPORTED: (400, "AIS.0102", "The image format is not supported."),
    ErrorKind.IMAGE_SIZE: (400, "AIS.0103", "The image size does not meet the requirements."),
    ErrorKind.RECOGNITION_FAILED: (400, "AIS.0105", "Recognition failed."),
}

PLATFORM = {
    ErrorKind.TOKEN_WITHOUT_PROJECT: (
        400,
        "ModelArts.0212",
        "Invalid Token header. The Token not contain project item.",
    ),
    ErrorKind.IMAGE_TEXT_TOO_LONG: (400, "ModelArts.4104", "Invalid Request Content Length."),
    ErrorKind.JSON_INVALID: (
        400,
        "ModelArts.4105",
        "The JSON format of the input data is incorrect.",
    ),
    ErrorKind.PROJECT_FORBIDDEN: (
        403,
        "ModelArts.4203",
        "Access denied! You do not have permission.",
    ),
    ErrorKind.NOT_SUBSCRIBED: (
        400,
        "ModelArts.4204",
        "Request api error! The API web-image is not subscribed.",
    ),
    ErrorKind.OVERLOADED: (429, "ModelArts.4401", "Max concurrency error."),
    ErrorKind.DEADLINE_EXCEEDED: (504, "ModelArts.4402", "Backend service timeout error."),
    ErrorKind.ENGINE_UNAVAILABLE: (503, "ModelArts.4403", "Backend service unavailable error."),
    ErrorKind.CONFIGURATION_INVALID: (500, "ModelArts.4505", "Backend service internal error."),
    ErrorKind.INTERNAL: (500, "ModelArts.4505", "Backend service internal error."),
    ErrorKind.MODEL_UNAVAILABLE: (503, "ModelArts.4508", "Service not start."),
    ErrorKind.SOURCE_FORBIDDEN: (400, "ModelArts.4601", "The URL is not allowed."),
    ErrorKind.SOURCE_UNREACHABLE: (
        400,
        "ModelArts.4603",
        "Obtaining the file from the URL failed.",
    ),
    ErrorKind.STORAGE_KEY_REFUSED: (400, "ModelArts.4702", "Query Obs agency failed."),
    ErrorKind.STORAGE_URL_INVALID: (400, "ModelArts.4703", "The Obs URL is invalid."),
    ErrorKind.STORAGE_FORBIDDEN: (
        400,
        "ModelArts.4704",
        "Obtaining the file from the OBS failed.",
    ),
    ErrorKind.STORAGE_UNREACHABLE: (
        400,
        "ModelArts.4704",
        "Obtaining the file from the OBS failed.",
    ),
    ErrorKind.STORAGE_OBJECT_SIZE: (
        400,
        "ModelArts.4705",
        "The file stored on the OBS is oversized.",
    ),
    ErrorKind.STORAGE_OBJECT_MISSING: (400, "ModelArts.4706", "The Obs file is not exist."),
}

GATEWAY = {
    ErrorKind.ROUTE_UNKNOWN: (
        404,
        "APIG.0101",
        "The API does not exist or has not been published in the environment.",
    ),
    ErrorKind.BODY_TOO_LARGE: (413, "APIG.0201", "Request entity too large."),
    ErrorKind.URI_TOO_LONG: (414, "APIG.0201", "Request URI too large."),
    ErrorKind.HEADERS_TOO_LARGE: (494, "APIG.0201", "Request headers too large."),
    ErrorKind.DATABASE_UNAVAILABLE: (503, "APIG.0201", "Backend unavailable."),
    ErrorKind.CREDENTIALS_MISSING: (
        401,
        "APIG.0301",
        _AUTHENTICATION + "x-auth-token not found",
    ),
    ErrorKind.TOKEN_UNREADABLE: (
        401,
        "APIG.0301",
        _AUTHENTICATION + "decrypt token fail",
    ),
    ErrorKind.TOKEN_EXPIRED: (
        401,
        "APIG.0301",
        _AUTHENTICATION + "token expires, expires_at: 2026-01-04T09:05:22.000000Z",
    ),
    ErrorKind.SIGNATURE_INVALID: (
        401,
        "APIG.0301",
        _AUTHENTICATION + "verify aksk signature fail",
    ),
    ErrorKind.SIGNATURE_EXPIRED: (
        401,
        "APIG.0301",
        _AUTHENTICATION + "calc ak sk signature fail:signature expired",
    ),
    ErrorKind.KEY_UNKNOWN: (
        401,
        "APIG.0301",
        _AUTHENTICATION + "Get secretKey failed,ak:******,err:ak not exist",
    ),
    ErrorKind.KEY_LOCKED: (
        401,
        "APIG.0301",
        _AUTHENTICATION + "AK access failed to reach the limit,forbidden.",
    ),
    ErrorKind.ROLE_FORBIDDEN: (
        403,
        "APIG.0302",
        "The IAM user is not authorized to access the API.",
    ),
    ErrorKind.ORIGIN_FORBIDDEN: (403, "APIG.0306", "API access denied."),
    ErrorKind.TOKEN_REVOKED: (401, "APIG.0307", "The token must be updated."),
    ErrorKind.RATE_LIMITED: (
        429,
        "APIG.0308",
        _THROTTLING + "policy user over ratelimit,limit:100,time:1 minute",
    ),
}

IDENTITY = {
    ErrorKind.IDENTITY_REQUEST_INVALID: (400, "The request body is invalid"),
    ErrorKind.LOGIN_FAILED: (401, "The username or password is wrong."),
    ErrorKind.LOGIN_LOCKED: (401, "The account is locked."),
    ErrorKind.SUBJECT_TOKEN_INVALID: (404, "X-Subject-Token is invalid in the request"),
}
"""Errors of the identity API, without a code beside the status."""

MANAGEMENT = {
    ErrorKind.MANAGEMENT_REQUEST_INVALID: (
        400,
        "APIG.0602",
        "The request is invalid: that {name} is taken",
    ),
    ErrorKind.RECORD_UNKNOWN: (404, "APIG.0101", "The record does not exist."),
    ErrorKind.RECORD_CONFLICT: (
        409,
        "APIG.0602",
        "The record exists already or must stay: that {name} is taken",
    ),
    ErrorKind.QUOTA_EXCEEDED: (403, "APIG.0602", "The quota is used up: that {name} is taken"),
}
"""Errors of the management API, in the gateway's form."""


@pytest.mark.parametrize(("kind", "row"), list((SERVICE | PLATFORM | GATEWAY | MANAGEMENT).items()))
def test_codes_and_texts_are_the_contracts(kind: ErrorKind, row: tuple[int, str, str]) -> None:
    sent = wire_error(ServiceError(kind, public=PUBLIC))
    assert (sent.status, sent.code, sent.message) == row


@pytest.mark.parametrize(("kind", "row"), list(IDENTITY.items()))
def test_texts_of_the_identity_api_are_the_contracts(kind: ErrorKind, row: tuple[int, str]) -> None:
    sent = wire_error(ServiceError(kind))
    assert (sent.status, sent.message) == row


def test_every_kind_is_tested() -> None:
    assert set(SERVICE | PLATFORM | GATEWAY | MANAGEMENT) | set(IDENTITY) == set(ErrorKind)
