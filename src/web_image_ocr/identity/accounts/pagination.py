"""Paginate lists by keyset: insertions and deletions between pages do not shift them.

A marker encodes the sort key of the last record, so it stays valid if that record is deleted. It is
not signed: it sets the start of a page, not the permissions.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self, TypeVar

from web_image_ocr.primitives.errors import ErrorKind, ServiceError

Value = TypeVar("Value")
Row = TypeVar("Row")

MAX_PAGE_SIZE: Final = 1000
"""Records of one page; reading and encoding 1,000 takes about 30 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Request one page of a list.

    Attributes:
        limit: maximum number of records, 1 to 1,000.
        marker: ``ResultPage.next_marker`` of the previous page; None means the first page.

    Raises:
        ServiceError: ``IDENTITY_REQUEST_INVALID`` for another limit.
    """

    limit: int = MAX_PAGE_SIZE
    marker: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MAX_PAGE_SIZE:
            raise ServiceError(
                ErrorKind.IDENTITY_REQUEST_INVALID,
                f"limit must be 1 to {MAX_PAGE_SIZE}, not {self.limit}",
            )

    def after(self, parts: int) -> tuple[str, ...] | None:
        """Return the sort key of the record before this page; None for the first page.

        Raises:
            ServiceError: ``IDENTITY_REQUEST_INVALID`` for a marker of another list.
        """
        if self.marker is None:
            return None
        padded = self.marker + "=" * (-len(self.marker) % 4)
        try:
            text = base64.b64decode(padded, altchars=b"-_", validate=True).decode()
        except ValueError:
            raise invalid_marker() from None
        found = tuple(text.split("\0"))
        if len(found) != parts:
            raise invalid_marker()
        return found


FIRST_PAGE: Final = PageRequest()


class ResultPage(tuple[Value, ...]):  # noqa: SLOT001 - a tuple has no room for slots
    """Hold the records of one page.

    Attributes:
        next_marker: marker of the next page; None on the last one.
    """

    next_marker: str | None = None

    @classmethod
    def of(
        cls,
        rows: Sequence[Row],
        limit: int,
        value: Callable[[Row], Value],
        sort_key: Callable[[Row], tuple[str, ...]],
    ) -> Self:
        """Return the page of some rows.

        Args:
            rows: up to one more than the limit, which shows that there is a next page.
            limit: of the page.
            value: converts a row.
            sort_key: returns the sort key of a row.
        """
        listed = cls(value(row) for row in rows[:limit])
        if len(rows) > limit:
            text = "\0".join(sort_key(rows[limit - 1]))
            listed.next_marker = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        return listed


def iterate_pages(read_page: Callable[[PageRequest], ResultPage[Value]]) -> Iterator[Value]:
    """Yield the records of all pages; pages are read lazily."""
    page = PageRequest()
    while True:
        found = read_page(page)
        yield from found
        if found.next_marker is None:
            return
        page = replace(page, marker=found.next_marker)


def invalid_marker() -> ServiceError:
    """Return the error for a marker of another list."""
    return ServiceError(
        ErrorKind.IDENTITY_REQUEST_INVALID,
        "marker is not one of this list: use next_marker of the page before",
    )
