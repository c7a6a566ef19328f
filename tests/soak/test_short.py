"""Run short versions of the soak tests; ``make soak`` runs them in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.soak.kills import kill
from tests.soak.mixed import mixed
from tests.soak.report import Report
from tests.soak.restart import restart
from tests.soak.rotate import rotate
from tests.soak.stop import stop

pytestmark = [pytest.mark.server, pytest.mark.models]


def _assert_passed(report: Report) -> None:
    print("\n".join(report.lines()))
    assert report.failures == []


def test_mixed_calls(tmp_path: Path) -> None:
    _assert_passed(mixed(tmp_path, 300))


def test_killed_workers(tmp_path: Path) -> None:
    _assert_passed(kill(tmp_path, 5, wait_for_recovery=True))


def test_a_stop_under_load(tmp_path: Path) -> None:
    _assert_passed(stop(tmp_path, 1))


def test_a_rolling_restart_under_load(tmp_path: Path) -> None:
    _assert_passed(restart(tmp_path, 2))


def test_a_rotation_killed_under_load(tmp_path: Path) -> None:
    _assert_passed(rotate(tmp_path, 4000))
