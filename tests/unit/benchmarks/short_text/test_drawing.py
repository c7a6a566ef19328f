from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pytest

from benchmarks.short_text import scripts
from benchmarks.short_text.__main__ import KINDS
from benchmarks.short_text.cases import Case
from benchmarks.short_text.drawing import FontsMissingError, check_fonts
from benchmarks.short_text.glyphs import CHARACTERS, FRAMES
from tests.golden import fonts


@pytest.fixture(autouse=True)
def no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scripts, "_characters", lambda: frozenset("abc"))


needs_fonts = pytest.mark.skipif(bool(fonts.missing()), reason=fonts.install_hint())


def some(cases: Iterator[Case]) -> list[Case]:
    """Return some cases of a kind: the first of each group and every tenth."""
    groups: set[str] = set()
    picked = []
    for place, case in enumerate(islice(cases, 600)):
        if case.group not in groups or place % 10 == 0:
            picked.append(case)
        groups.add(case.group)
    return picked


@needs_fonts
@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_draws_the_same_images(kind: str) -> None:
    one, other = (some(KINDS[kind].cases(5)) for _ in range(2))
    assert [case.name for case in one] == [case.name for case in other]
    for first, second in zip(one, other, strict=True):
        assert np.array_equal(first.pixels(), second.pixels())


@needs_fonts
@pytest.mark.parametrize("kind", KINDS)
def test_names_are_unique_and_no_image_is_blank(kind: str) -> None:
    cases = some(KINDS[kind].cases(5))
    assert len({case.name for case in cases}) == len(cases)
    for case in cases:
        pixels = case.pixels()
        assert pixels.dtype == np.uint8
        assert pixels.shape[2] == 3
        assert pixels.max() > pixels.min() or kind == "noise", case.name


@needs_fonts
def test_another_seed_draws_other_images() -> None:
    one, other = (next(KINDS["grids"].cases(seed)).pixels() for seed in (1, 2))
    assert one.shape != other.shape or not np.array_equal(one, other)


@needs_fonts
def test_each_kind_has_the_images_that_its_goals_count() -> None:
    counts = {name: sum(1 for _ in KINDS[name].cases(4711)) for name in ("glyphs", "grids")}
    assert counts == {"glyphs": 432, "grids": 100}
    assert len(FRAMES) * len(CHARACTERS) == 432
    upright = [case for case in KINDS["direction"].cases(4711) if case.group == "upright"]
    assert len(upright) == 98


def test_missing_fonts_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.short_text.drawing.missing", lambda: ["a/b.ttf"])
    with pytest.raises(FontsMissingError, match=r"a/b\.ttf: .*apt-get install fonts-"):
        check_fonts()
