from __future__ import annotations

import signal
from collections import Counter

from web_image_ocr.cli.exit_codes import _GROUPS, ExitCode, exit_code
from web_image_ocr.primitives.errors import ErrorKind


def test_every_kind_has_a_failing_exit_status() -> None:
    assert all(exit_code(kind) > ExitCode.OK for kind in ErrorKind)


def test_no_kind_is_in_two_groups() -> None:
    counts = Counter(kind for kinds in _GROUPS.values() for kind in kinds)
    assert max(counts.values()) == 1


def test_errors_that_users_can_fix_have_different_statuses() -> None:
    assert exit_code(ErrorKind.FORMAT_UNSUPPORTED) == ExitCode.IMAGE
    assert exit_code(ErrorKind.CONFIGURATION_INVALID) == ExitCode.CONFIGURATION
    assert exit_code(ErrorKind.DATABASE_UNAVAILABLE) == ExitCode.DATABASE
    assert exit_code(ErrorKind.MODEL_UNAVAILABLE) == ExitCode.ENGINE


def test_signals_have_the_statuses_that_shells_report() -> None:
    assert ExitCode.INTERRUPTED == 128 + signal.SIGINT
    assert ExitCode.TERMINATED == 128 + signal.SIGTERM
