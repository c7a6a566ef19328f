"""Bodies start, grow, are authenticated and end in any order; the sums stay correct."""

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


class Ledger:
    """Keep a budget and a plain list of the bytes of each body."""

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

    def authenticate(self, holder: Holder) -> None:
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
def test_no_sum_is_negative_and_all_memory_is_released(
    steps: list[tuple[str, Holder | None, int]],
) -> None:
    ledger = Ledger()
    for what, holder, size in steps:
        if what == GROW and holder:
            ledger.grow(holder, size)
        elif what == PROVE and holder:
            ledger.authenticate(holder)
        else:
            ledger.end()
        ledger.check()
    while ledger.bodies:
        ledger.end()
    assert (ledger.budget.left, ledger.budget.unauthenticated_left) == (TOTAL, UNAUTHENTICATED)
    assert ledger.budget.holders == 0


@given(st.lists(st.tuples(st.sampled_from("JKL"), st.integers(1, 120)), max_size=60))
def test_one_network_never_takes_what_another_needs(takes: list[tuple[str, int]]) -> None:
    ledger = Ledger()
    for key, size in takes:
        ledger.grow(unauthenticated("m", key), size)
    ledger.budget.reserve(FLOOR, unauthenticated("n", "J"))


@given(st.lists(st.integers(1, 120), max_size=60))
def test_one_key_never_takes_what_another_client_of_its_network_needs(takes: list[int]) -> None:
    ledger = Ledger()
    for size in takes:
        ledger.grow(unauthenticated("m", "J"), size)
    ledger.budget.reserve(FLOOR, unauthenticated("m", "K"))
    ledger.budget.reserve(1, unauthenticated("m"))


@given(st.lists(st.integers(1, 300), max_size=60))
def test_one_project_never_takes_what_another_needs(takes: list[int]) -> None:
    ledger = Ledger()
    for size in takes:
        ledger.grow(authenticated("p"), size)
    ledger.budget.reserve(FLOOR, authenticated("q"))
