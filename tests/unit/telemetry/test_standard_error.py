"""Redirect standard error in child processes, since it cannot be restored."""

from __future__ import annotations

import subprocess
import sys

import pytest

_START = (
    "import os, sys, time\n"
    "from web_image_ocr.telemetry.standard_error import StandardError\n"
    "stderr = StandardError(lambda lines, reserved: b'dropped')\n"
)


def written(program: str) -> bytes:
    done = subprocess.run(
        [sys.executable, "-c", _START + program], capture_output=True, check=True, timeout=60
    )
    assert done.stdout == b""
    return done.stderr


@pytest.mark.parametrize("pause", ["", "time.sleep(0.2)\n"])
@pytest.mark.parametrize("text", ["", "one line\n", "two\nlines\n", "no end", "\n", "a\n\nb\n"])
def test_every_line_arrives_exactly_once(text: str, pause: str) -> None:
    program = f"os.write(2, {text.encode()!r})\n{pause}stderr.close(30)"
    assert written(program) == text.encode() + (b"\n" if text == "no end" else b"")


def test_what_a_child_process_writes_arrives() -> None:
    assert written("os.system('echo from a child >&2')\nstderr.close(30)") == b"from a child\n"


def test_a_zero_byte_in_the_data_is_kept() -> None:
    program = "os.write(2, b'a\\0b\\n')\ntime.sleep(0.2)\nos.write(2, b'c\\n')\nstderr.close(30)"
    assert written(program) == b"a\0b\nc\n"


def test_an_endless_line_is_cut() -> None:
    text = written("os.write(2, b'x' * 65536)\nos.write(2, b'y' * 65536)\nstderr.close(30)")
    assert text.replace(b"\n", b"") == b"x" * 65536 + b"y" * 65536


def test_a_closed_standard_error_is_supported() -> None:
    program = f"import os, sys\nos.close(2); sys.stderr = None\n{_START}os.write(2, b'lost')\n"
    done = subprocess.run(
        [sys.executable, "-c", program + "stderr.close(30)"],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
