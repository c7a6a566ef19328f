from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from benchmarks.engines import Candidate, Recognition
from benchmarks.latency import interleave, start
from benchmarks.latency.interleave import Timed, iter_images, rotate, time_engines
from benchmarks.latency.layouts import default_to_best
from benchmarks.latency.memory import last_to_quarter, shuffled
from benchmarks.latency.processes import busy_share, resident_mib
from benchmarks.latency.stages import summary
from benchmarks.latency.totals import by_group, compare_engines, format_table
from tests.unit.benchmarks.samples import box, found, label, sample, write_set
from web_image_ocr.primitives.pixels import Pixels

RIGHT, WRONG = {"word_f": (2.0, 2.0), "word_recall": (1.0, 1.0)}, {"word_f": (0.0, 2.0)}


class Clockwork:
    """Find one line and report the next of some times, the last one repeatedly.

    Attributes:
        log: receives its name for each image; shared with the other engines.
    """

    versions: Mapping[str, str] = {}
    pid = os.getpid()

    def __init__(self, name: str, log: list[str], *seconds: float) -> None:
        self.name, self.log, self.seconds = name, log, list(seconds)

    def recognize(self, pixels: Pixels, *, detect_direction: bool) -> Recognition:
        del pixels, detect_direction
        self.log.append(self.name)
        taken = self.seconds[0] if len(self.seconds) == 1 else self.seconds.pop(0)
        return Recognition([found("a", box(0, 0, 9, 9))], taken)


@pytest.fixture(autouse=True)
def _no_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interleave, "wait_until_idle", lambda _: None)


def test_another_engine_starts_each_turn() -> None:
    turns = ["".join(rotate("abc", turn)) for turn in range(4)]
    assert turns == ["abc", "bca", "cab", "abc"]


def test_all_engines_recognize_an_image_before_the_next() -> None:
    log: list[str] = []
    engines: dict[str, Candidate] = {name: Clockwork(name, log, 1.0) for name in "ab"}
    made_up = sample([label("a", box(0, 0, 9, 9))])
    timed = list(time_engines([("mtwi20", made_up)] * 3, engines, repeats=1))
    assert "".join(log) == "abbaab"
    assert [image.set_name for image in timed] == ["mtwi20"] * 3
    assert timed[0].shares["a"]["word_f"] == (2, 2)


def test_the_median_of_several_runs_counts() -> None:
    log: list[str] = []
    engines: dict[str, Candidate] = {
        "a": Clockwork("a", log, 1.0, 9.0, 2.0),
        "b": Clockwork("b", log, 3.0),
    }
    [timed] = time_engines([("x", sample([]))], engines, repeats=3)
    assert timed.seconds == {"a": 2.0, "b": 3.0}
    assert "".join(log) == "abbaab"


def test_the_number_of_images_of_each_set_is_limited(tmp_path: Path) -> None:
    for name in ("one", "two"):
        labels = write_set(tmp_path / name) / "labels.jsonl"
        labels.write_text(labels.read_text(encoding="utf-8") * 3, encoding="utf-8")
    assert [name for name, _ in iter_images(tmp_path, ["two", "one"], 2)] == ["two"] * 2 + [
        "one"
    ] * 2
    assert len(list(iter_images(tmp_path, ["one"], None))) == 3


def test_ratios_are_of_totals_beside_the_median_of_single_ones() -> None:
    timed = [
        Timed("x", {"ours": ours, "peer": peer}, {"ours": RIGHT, "peer": share})
        for ours, peer, share in ((1.0, 4.0, RIGHT), (1.0, 2.0, RIGHT), (8.0, 8.0, WRONG))
    ]
    part = compare_engines(timed, "ours")
    assert part["pictures"] == 3
    assert part["engines"]["ours"] == {
        "seconds": 10,
        "ratio_of_totals": 1,
        "median_of_ratios": 1,
        "word_f": 1,
        "word_recall": 1,
    }
    peer = part["engines"]["peer"]
    assert (peer["seconds"], peer["ratio_of_totals"], peer["median_of_ratios"]) == (14, 1.4, 2)
    assert peer["word_f"] == 0.6667


def test_a_figure_that_the_labels_do_not_allow_is_none() -> None:
    part = compare_engines([Timed("x", {"ours": 1.0}, {"ours": {"word_recall": (1, 2)}})], "ours")
    assert part["engines"]["ours"]["word_f"] is None
    assert part["engines"]["ours"]["word_recall"] == 0.5


def test_images_are_summed_by_set_and_by_group() -> None:
    timed = [
        Timed(name, {"ours": 1.0}, {"ours": RIGHT})
        for name in ("mtwi20", "memes_zh", "memes_zh", "sroie", "some_other")
    ]
    parts = by_group(timed, "ours")
    assert {name: part["pictures"] for name, part in parts.items()} == {
        "all": 5,
        "web": 3,
        "dense": 1,
        "mtwi20": 1,
        "memes_zh": 2,
        "sroie": 1,
        "some_other": 1,
    }
    assert len(format_table(parts).splitlines()) == 7
    assert "dense" not in by_group(timed[:3], "ours")


def test_stages_are_means_over_calls_and_shares_of_all() -> None:
    calls = [{"detect": 0.003, "read": 0.001}, {"detect": 0.003, "read": 0.0, "align": 0.001}]
    assert summary(calls) == {
        "detect": {"ms": 3, "share": 0.75},
        "read": {"ms": 0.5, "share": 0.125},
        "align": {"ms": 0.5, "share": 0.125},
    }


def test_the_default_layout_is_compared_with_the_best_of_the_others() -> None:
    seconds = {"default": 3.3, "threads=1": 5.0, "threads=2": 3.0}
    assert default_to_best({"engines": {k: {"seconds": s} for k, s in seconds.items()}}) == 1.1


def test_memory_at_the_end_is_compared_with_that_after_a_quarter() -> None:
    assert last_to_quarter({0: 1.0, 500: 400.0, 1000: 900.0, 2000: 410.0}) == 1.025


def test_all_images_come_once_before_any_comes_again_in_a_fixed_order() -> None:
    files = [Path(str(number)) for number in range(9)]
    first, again = ([x for x, _ in zip(shuffled(files), range(18), strict=False)] for _ in "12")
    assert first == again
    assert sorted(first[:9]) == sorted(first[9:]) == files
    assert first[:9] not in (files, first[9:])


def test_starts_alternate_and_the_first_round_is_not_counted() -> None:
    log: list[str] = []
    times = {name: iter([99.0, 3.0, 1.0, 2.0, 5.0, 4.0]) for name in "ab"}

    def starting(name: str) -> float:
        log.append(name)
        return next(times[name])

    medians = start.medians({"a": lambda: starting("a"), "b": lambda: starting("b")})
    assert medians == {"a": 3, "b": 3}
    assert "".join(log) == "ab" * 6


def test_memory_and_load_of_a_sleeping_process_are_measured() -> None:
    before = resident_mib(os.getpid())
    held = np.ones(64 << 20, np.uint8)
    assert 60 < resident_mib(os.getpid()) - before < 70
    assert held.all()
    assert busy_share(os.getpid(), 0.05) < 0.5
