"""Lists in pages: each begins where the one before ended, whatever was made or deleted meanwhile.

A marker holds what its list is sorted by, so it stays good when the record it was made from is
deleted. It is not signed: it says where to begin, never what may be seen.
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
"""Records of one page; reading and encoding as many takes some 30 ms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """Say which part of a list is wanted.

    Attributes:
        limit: records at most, 1 to 1,000.
        marker: ``ResultPage.next_marker`` of the page before; None begins at the first record.

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
        """Return what the record before this page was sorted by; None for the first page.

        Args:
            parts: how many values the list is sorted by.

        Raises:
            ServiceError: ``IDENTITY_REQUEST_INVALID`` for a marker of no page of such a list.
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
        next_marker: where the next page begins; None after the last one.
    """

    next_marker: str | None = None

    @classmethod
    def of(
        cls,
        rows: Sequence[Row],
        limit: int,
        value: Callable[[Row], Value],
        sorted_by: Callable[[Row], tuple[str, ...]],
    ) -> Self:
        """Return the page of some rows.

        Args:
            rows: one more than the limit if there are as many.
            limit: of the page.
            value: what to make of a row.
            sorted_by: what a row is sorted by.
        """
        listed = cls(value(row) for row in rows[:limit])
        if len(rows) > limit:
            text = "\0".join(sorted_by(rows[limit - 1]))
            listed.next_marker = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
        return listed


def iterate_pages(listing: Callable[[PageRequest], ResultPage[Value]]) -> Iterator[Value]:
    """Yield the records of all pages; each page is read when it is needed."""
    page = PageRequest()
    while True:
        found = listing(page)
        yield from found
        if found.next_marker is None:
            return
        page = replace(page, marker=found.next_marker)


def invalid_marker() -> ServiceError:
    """Return the error for a marker that this list did not give."""
    return ServiceError(
        ErrorKind.IDENTITY_REQUEST_INVALID,
        "marker is not one of this list: use next_marker of the page before",
    )
