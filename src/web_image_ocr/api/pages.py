"""Read from a query which page of a list a call asks for."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request

from web_image_ocr.identity import MOST_A_PAGE, Page
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

DEFAULT_LIMIT = 100
"""Records of a page of the management API that asks for no number."""

PAGE_NAMES = frozenset({"limit", "marker"})


def parameters_of(request: Request, names: frozenset[str]) -> Mapping[str, str]:
    """Return the query of a management call.

    Args:
        request: as received.
        names: of the parameters that the call knows.

    Raises:
        ServiceError: ``MANAGEMENT_REQUEST_INVALID`` for an unknown or repeated parameter.
    """
    query = request.query_params
    if len(query.multi_items()) != len(query) or not query.keys() <= names:
        raise ServiceError(
            ErrorKind.MANAGEMENT_REQUEST_INVALID, "a parameter is unknown or stands twice"
        )
    return query


def page_of(query: Mapping[str, str], default: int = DEFAULT_LIMIT) -> Page:
    """Return the page that a query asks for.

    Args:
        query: with ``limit`` and ``marker``, both optional.
        default: of ``limit``.

    Raises:
        ServiceError: ``IDENTITY_REQUEST_INVALID`` for a limit that is not 1 to 1,000.
    """
    text = query.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST_A_PAGE))):
        raise ServiceError(
            ErrorKind.IDENTITY_REQUEST_INVALID, f"limit must be a number from 1 to {MOST_A_PAGE}"
        )
    return Page(limit=int(text), marker=query.get("marker") or None)
