"""Test counted calls: counting, writing, aggregation, retention."""

from __future__ import annotations

import itertools
import random
import statistics
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from tests.support.identity import Clock
from web_image_ocr.database.tables import UsageRow
from web_image_ocr.identity import (
    FirstAccount,
    Identity,
    IdentityConfig,
    Step,
    UsageReport,
    Window,
)
from web_image_ocr.usage import recorder
from web_image_ocr.usage.recorder import Recorder
from web_image_ocr.usage.repository import UsageRepository
from web_image_ocr.usage.values import bucket_of, percentile

Report = Callable[..., UsageReport]


@pytest.fixture
def project(account: FirstAccount) -> str:
    return str(account.project_id)


@pytest.fixture
def report(identity: Identity, project: str, clock: Clock) -> Report:
    def read(step: Step = Step.HOUR, hours: float = 24, project_id: str = project) -> UsageReport:
        window = Window(
            start=clock() - timedelta(hours=hours), end=clock() + timedelta(seconds=1), step=step
        )
        return identity._usage.read([project_id], window)

    return read


def test_counted_calls_are_reported(
    identity: Identity, project: str, report: Report, clock: Clock
) -> None:
    for minute in range(90):
        identity.recorder.count(project, 200, "", 0.2)
        if minute % 3 == 0:
            identity.recorder.count(project, 400, "AIS.0102", 0.01)
        if minute % 10 == 0:
            assert identity.recorder.flush()
        clock.advance(60)
    assert identity.recorder.flush()
    for step in Step:
        told = report(step, 2)
        assert (told.total.succeeded, told.total.failed) == (90, 30)
        assert told.total.failures == {(400, "AIS.0102"): 30}
        assert sum(tally.succeeded for _, tally in told.points) == 90
    minutes = [tally.succeeded for _, tally in report(Step.MINUTE, 2).points]
    assert minutes == [0] * 30 + [1] * 90 + [0]
    assert [tally.succeeded for _, tally in report(Step.HOUR, 2).points] == [30, 60, 0]
    median = told.total.percentile(0.5)
    assert median == pytest.approx(200, rel=0.091)


def test_several_servers_add_up(
    database_url: str, project: str, report: Report, tmp_path: Path, clock: Clock
) -> None:
    """Three servers, many threads, the same minute: no call is lost, none counted twice."""
    patient = IdentityConfig(store_wait_seconds=30, database_url=database_url)
    servers = [Identity(patient, tmp_path, clock=clock) for _ in range(3)]

    def serve(server: Identity) -> None:
        for number in range(300):
            server.recorder.count(project, 200, "", 0.1 * (number % 7))
            if number % 50 == 0:
                assert server.recorder.flush()

    threads = [threading.Thread(target=serve, args=(server,)) for server in servers for _ in "ab"]
    with ExitStack() as stack:
        for server in servers:
            stack.callback(server.close)
            stack.enter_context(server.recorder)
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert report().total.succeeded == 3 * 2 * 300


def test_the_database_recovers(
    identity: Identity, project: str, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity.recorder.count(project, 200, "", 0.1)
    identity.recorder.key_used("AK")
    _refuse_to_write(monkeypatch)
    assert not identity.recorder.flush()
    identity.recorder.count(project, 200, "", 0.1)
    assert not identity.recorder.flush()
    monkeypatch.undo()
    assert identity.recorder.flush()
    assert report().total.succeeded == 2


def test_unwritten_counts_are_limited(
    identity: Identity,
    project: str,
    report: Report,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(recorder, "MAX_PENDING", 5)
    for seconds in (0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5):
        for _ in range(2):
            identity.recorder.count(project, 200, "", seconds)
    assert identity.recorder.flush()
    assert report().total.succeeded == 10
    assert "10 calls were not counted" in caplog.text


def test_what_cannot_be_written_at_the_end_is_said(
    identity: Identity,
    project: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    _refuse_to_write(monkeypatch)
    with identity.recorder:
        for _ in range(3):
            identity.recorder.count(project, 200, "", 0.1)
    assert "3 counted calls are lost" in caplog.text


def _refuse_to_write(monkeypatch: pytest.MonkeyPatch) -> None:
    from web_image_ocr.primitives.errors import ErrorKind, ServiceError

    def away(*_: object) -> None:
        raise ServiceError(ErrorKind.DATABASE_UNAVAILABLE, "away")

    monkeypatch.setattr(UsageRepository, "add", away)


def test_counting_does_not_wait_for_the_database(
    identity: Identity, project: str, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, go_on = threading.Event(), threading.Event()
    add = UsageRepository.add

    def slow(*arguments: object) -> None:
        writing.set()
        assert go_on.wait(30)
        add(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(UsageRepository, "add", slow)
    with identity.recorder:
        identity.recorder.count(project, 200, "", 0.1)
        assert writing.wait(30)
        for _ in range(1000):  # while the thread writes
            identity.recorder.count(project, 200, "", 0.1)
        go_on.set()
    assert report().total.succeeded == 1001


def test_what_is_old_is_forgotten(
    identity: Identity, project: str, report: Report, clock: Clock
) -> None:
    short = Recorder(identity._usage, 7, clock)
    for _ in range(10):
        short.count(project, 200, "", 0.1)
        assert short.flush()
        clock.advance(24 * 3600)
    short.purge()
    assert report(Step.DAY, 20 * 24).total.succeeded == 7
    assert report(Step.MINUTE, 20).total.succeeded == 0
    with identity._database.reading() as session:
        assert session.scalar(select(func.count()).select_from(UsageRow)) == 14


def test_an_unknown_project_is_dropped(identity: Identity, project: str, report: Report) -> None:
    identity.recorder.count("0" * 32, 200, "", 0.1)
    identity.recorder.count(project, 200, "", 0.1)
    assert identity.recorder.flush()
    assert report().total.succeeded == 1
    assert report(project_id="0" * 32).total.succeeded == 0


def test_percentiles_are_right_to_nine_percent() -> None:
    rng = random.Random(5)  # noqa: S311 - not for secrets
    for _ in range(50):
        seconds = [rng.lognormvariate(-1.5, rng.random()) + 0.002 for _ in range(500)]
        calls: dict[int, int] = {}
        for each in seconds:
            calls[bucket_of(each)] = calls.get(bucket_of(each), 0) + 1
        ordered = sorted(seconds)
        for share, index in ((0.5, 249), (0.95, 474), (0.99, 494), (1.0, 499)):
            told = percentile(calls, share)
            assert told == pytest.approx(1000 * ordered[index], rel=0.091)
    assert statistics.median(ordered) > 0
    assert percentile({}, 0.5) is None
    assert (bucket_of(0), bucket_of(-1), bucket_of(0.001), bucket_of(1e9)) == (0, 0, 0, 80)


@pytest.mark.parametrize("step", list(Step))
def test_steps_follow_one_another_without_a_gap(step: Step) -> None:
    start = datetime(2024, 1, 31, 23, 59, 30, tzinfo=UTC)
    window = Window(start=start, end=start + timedelta(days=1), step=step)
    steps = [*window.steps(), window.end]
    assert steps[0] <= start
    assert steps[-1] >= start + timedelta(days=1)
    assert all(step.next(one) == next_ for one, next_ in itertools.pairwise(steps))
    assert all(step.start(one) == one for one in steps)


def test_a_year_of_months() -> None:
    window = Window(
        start=datetime(2024, 1, 1, tzinfo=UTC),
        end=datetime(2025, 1, 1, tzinfo=UTC),
        step=Step.MONTH,
    )
    assert [start.month for start in window.steps()] == list(range(1, 13))


def test_a_window_has_1500_steps_at_most() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    end = start + timedelta(minutes=1500)
    assert len([*Window(start=start, end=end, step=Step.MINUTE).steps()]) == 1500
    for more in (timedelta(seconds=1), timedelta(days=100_000)):
        with pytest.raises(ValueError, match="1500 steps"):
            Window(start=start, end=end + more, step=Step.MINUTE)
