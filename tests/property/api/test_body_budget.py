"""Bodies that come, grow, are authenticated and end in any order: the sums are right."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from web_image_ocr.api.limits.body_budget import BodyBudget, Holder, authenticated, unauthenticated
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

TOTAL, UNAUTHENTICATED, FLOOR = 1000, 500, 50
GROW, PROVE, END = "grow", "prove", "end"
HOLDERS = st.builds(unauthenticated, st.sampled_from("mn"), st.sampled_from(["", "J", "K"]))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just(GROW), HOLDERS, st.integers(0, 120)),
        st.tuples(st.just(PROVE), st.builds(authenticated, st.sampled_from("pq")), st.just(0)),
        st.tuples(st.just(END), st.none(), st.just(0)),
    ),
    max_size=120,
)


class Books:
    """A budget beside a plain list of what each body holds."""

    def __init__(self) -> None:
        self.budget = BodyBudget(TOTAL, unauthenticated=UNAUTHENTICATED, floor=FLOOR)
        self.bodies: list[tuple[int, Holder]] = []

    def grow(self, holder: Holder, size: int) -> None:
        try:
            self.budget.reserve(size, holder)
        except ServiceError as error:
            if error.kind is not ErrorKind.OVERLOADED:
                raise
        else:
            self.bodies.append((size, holder))

    def prove(self, holder: Holder) -> None:
        if self.bodies:
            size, old = self.bodies.pop(0)
            try:
                self.budget.transfer(size, old, holder)
            except ServiceError as error:
                if error.kind is not ErrorKind.OVERLOADED:
                    raise
                holder = old
            self.bodies.append((size, holder))

    def end(self) -> None:
        if self.bodies:
            size, holder = self.bodies.pop(0)
            self.budget.release(size, holder)

    def check(self) -> None:
        held = sum(size for size, _ in self.bodies)
        strange = sum(size for size, holder in self.bodies if not holder.authenticated)
        assert self.budget.left == TOTAL - held >= 0
        assert strange <= UNAUTHENTICATED
        assert self.budget.unauthenticated_left == min(TOTAL - held, UNAUTHENTICATED - strange)


@given(STEPS)
def test_nothing_is_negative_and_all_of_it_comes_back(
    steps: list[tuple[str, Holder | None, int]],
) -> None:
    books = Books()
    for what, holder, size in steps:
        if what == GROW and holder:
            books.grow(holder, size)
        elif what == PROVE and holder:
            books.prove(holder)
        else:
            books.end()
        books.check()
    while books.bodies:
        books.end()
    assert (books.budget.left, books.budget.unauthenticated_left) == (TOTAL, UNAUTHENTICATED)
    assert books.budget.holders == 0


@given(st.lists(st.tuples(st.sampled_from("JKL"), st.integers(1, 120)), max_size=60))
def test_one_network_never_takes_what_another_needs(takes: list[tuple[str, int]]) -> None:
    books = Books()
    for key, size in takes:
        books.grow(unauthenticated("m", key), size)
    books.budget.reserve(FLOOR, unauthenticated("n", "J"))


@given(st.lists(st.integers(1, 120), max_size=60))
def test_one_key_never_takes_what_another_client_of_its_network_needs(takes: list[int]) -> None:
    books = Books()
    for size in takes:
        books.grow(unauthenticated("m", "J"), size)
    books.budget.reserve(FLOOR, unauthenticated("m", "K"))
    books.budget.reserve(1, unauthenticated("m"))


@given(st.lists(st.integers(1, 300), max_size=60))
def test_one_project_never_takes_what_another_needs(takes: list[int]) -> None:
    books = Books()
    for size in takes:
        books.grow(authenticated("p"), size)
    books.budget.reserve(FLOOR, authenticated("q"))
