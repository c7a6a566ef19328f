from __future__ import annotations

import pytest

from web_image_ocr.api.limits.body_budget import BodyBudget, Holder, authenticated, unauthenticated
from web_image_ocr.primitives.errors import ErrorKind, ServiceError


def is_full(budget: BodyBudget, size: int, holder: Holder) -> bool:
    try:
        budget.reserve(size, holder)
    except ServiceError as error:
        return error.kind is ErrorKind.OVERLOADED
    budget.release(size, holder)
    return False


def test_it_refuses_more_than_is_free() -> None:
    budget = BodyBudget(10, unauthenticated=10, floor=10)
    budget.reserve(6, authenticated("p"))
    assert is_full(budget, 5, authenticated("q"))
    budget.release(6, authenticated("p"))
    assert not is_full(budget, 10, authenticated("q"))


def test_unauthenticated_callers_fill_their_part_only() -> None:
    budget = BodyBudget(10, unauthenticated=4, floor=10)
    budget.reserve(4, unauthenticated("n"))
    assert is_full(budget, 1, unauthenticated("m"))
    assert not is_full(budget, 6, authenticated("p"))
    assert is_full(budget, 7, authenticated("p"))


@pytest.mark.parametrize(
    ("holder", "most"),
    [
        (unauthenticated("n", "K"), 200),
        (authenticated("p"), 900),
    ],
)
def test_a_lone_holder_gets_its_multiple_of_the_free_memory(holder: Holder, most: int) -> None:
    budget = BodyBudget(1200, unauthenticated=600, floor=10)
    budget.reserve(most, holder)
    assert is_full(budget, 1, holder)


def test_a_network_gets_half_however_many_keys_it_uses() -> None:
    budget = BodyBudget(1200, unauthenticated=600, floor=10)
    taken = 0
    for key in "ABCDEFGH":
        while not is_full(budget, 10, unauthenticated("n", key)):
            budget.reserve(10, unauthenticated("n", key))
            taken += 10
    assert taken == 300
    assert not is_full(budget, 100, unauthenticated("m", "A"))


def test_the_floor_fits_any_share_while_it_is_free() -> None:
    budget = BodyBudget(100, unauthenticated=100, floor=100)
    budget.reserve(100, unauthenticated("n", "K"))
    assert is_full(budget, 1, authenticated("p"))


def test_transferred_bytes_count_against_the_new_share_only() -> None:
    budget = BodyBudget(1200, unauthenticated=600, floor=10)
    stranger, project = unauthenticated("n", "K"), authenticated("p")
    budget.reserve(200, stranger)
    budget.transfer(200, stranger, project)
    assert (budget.left, budget.unauthenticated_left) == (1000, 600)
    budget.reserve(200, stranger)
    budget.reserve(501, project)  # 701, and 901 would be above three times 299
    with pytest.raises(ServiceError) as caught:
        budget.transfer(200, stranger, authenticated("p"))
    assert caught.value.kind is ErrorKind.OVERLOADED
    assert (budget.left, budget.unauthenticated_left) == (299, 299)  # the stranger still holds them
