"""Check dense pages and extreme shapes: all text is recognized with limited work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf

import numpy as np
import pytest

from benchmarks.text import similarity, unspaced
from tests.unit.engine.counting import CountingEngine, CountingSession, counting
from tests.unit.engine.images import draw_lines
from web_image_ocr import Engine, EngineConfig
from web_image_ocr.engine.runtime.session import LINE_HEIGHT_PX
from web_image_ocr.primitives.cpu import available_cores
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.pixels import Pixels

pytestmark = pytest.mark.models

WORDS = [
    *("river", "stone", "table", "window", "garden", "silver", "market", "yellow", "forest"),
    "bridge",
]


@pytest.fixture(scope="module")
def engine() -> Iterator[CountingEngine]:
    with counting(Engine(EngineConfig(threads=2))) as counter:
        yield counter


def words_page(rows: int, columns: int) -> tuple[Pixels, list[str]]:
    """Return an image of 16-pixel words in rows and columns, and the words in reading order."""
    words = [WORDS[(7 * row + column) % 10] for row in range(rows) for column in range(columns)]
    places = [
        (20 + 110 * column, 20 + 30 * row) for row in range(rows) for column in range(columns)
    ]
    page = draw_lines(
        [(x, y, word) for (x, y), word in zip(places, words, strict=True)],
        width=110 * columns + 40,
        height=30 * rows + 40,
        size=16,
    )
    return page, words


@pytest.mark.slow
def test_a_page_of_2000_lines_takes_one_run_per_line(engine: CountingEngine) -> None:
    page, words = words_page(50, 40)
    found = [line.text for line in engine.recognize(page).lines]
    right = sum(one == other for one, other in zip(found, words, strict=False))
    assert right >= 0.99 * len(words)
    assert len(engine.recognition.pixels) <= 1.02 * len(words)


@dataclass(frozen=True)
class UntilRuns(Deadline):
    """Expire when a model has run so many times."""

    model: CountingSession
    runs: int

    def remaining(self) -> float:
        return 0.0 if len(self.model.pixels) >= self.runs else inf


@pytest.mark.parametrize(("stage", "runs"), [("recognition", 5), ("detection", 1)])
def test_an_expired_deadline_stops_the_models(
    engine: CountingEngine, stage: str, runs: int
) -> None:
    page, _ = words_page(6, 6)
    model = getattr(engine, stage)
    with pytest.raises(ServiceError) as caught:
        engine.recognize(page, deadline=UntilRuns(at=inf, model=model, runs=runs))
    assert caught.value.kind is ErrorKind.DEADLINE_EXCEEDED
    # One thread per core: the others may have checked the deadline just before.
    assert runs <= len(model.pixels) < runs + available_cores()


@pytest.mark.parametrize("turns", [0, 1], ids=["across", "down"])
def test_a_strip_full_of_text_is_recognized(engine: CountingEngine, turns: int) -> None:
    """Recognize one line, 560 times as long as high: far more than one run of the model takes."""
    text = " ".join(WORDS * 20)
    strip = draw_lines([(4, -1, text)], width=8192, height=15, size=12)
    page = engine.recognize(np.rot90(strip, -turns).copy())
    found = unspaced(" ".join(line.text for line in page.lines))
    assert similarity(unspaced(text), found) >= 0.98
    assert sum(engine.recognition.pixels) <= 4 * 15 * 8192 * (LINE_HEIGHT_PX / 15) ** 2


def test_splitting_a_line_adds_no_space_to_a_number(engine: CountingEngine) -> None:
    digits = "".join(map(str, np.random.default_rng(1).integers(0, 10, 950)))
    (line,) = engine.recognize(draw_lines([(4, -1, digits)], width=8192, height=15, size=12)).lines
    assert len(engine.recognition.pixels) > 1
    assert line.text == digits
