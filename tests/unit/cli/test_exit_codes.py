from __future__ import annotations

import signal
from collections import Counter

from web_image_ocr.cli.exit_codes import _GROUPS, ExitCode, exit_code
from web_image_ocr.primitives.errors import ErrorKind


def test_every_kind_has_an_exit_status_that_is_a_failure() -> None:
    assert all(exit_code(kind) > ExitCode.OK for kind in ErrorKind)


def test_no_kind_stands_in_two_groups() -> None:
    counts = Counter(kind for kinds in _GROUPS.values() for kind in kinds)
    assert max(counts.values()) == 1


def test_what_a_user_can_mend_is_told_apart() -> None:
    assert exit_code(ErrorKind.FORMAT_UNSUPPORTED) == ExitCode.IMAGE
    assert exit_code(ErrorKind.CONFIGURATION_INVALID) == ExitCode.CONFIGURATION
    assert exit_code(ErrorKind.DATABASE_UNAVAILABLE) == ExitCode.DATABASE
    assert exit_code(ErrorKind.MODEL_UNAVAILABLE) == ExitCode.ENGINE


def test_what_the_system_ends_has_the_number_that_shells_report() -> None:
    assert ExitCode.INTERRUPTED == 128 + signal.SIGINT
    assert ExitCode.TERMINATED == 128 + signal.SIGTERM
