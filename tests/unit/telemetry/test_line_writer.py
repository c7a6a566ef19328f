from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from web_image_ocr.telemetry import line_writer
from web_image_ocr.telemetry.line_writer import LineWriter, Output


class GatedOutput(Output):
    """Block until the gate opens, then fail a given number of times."""

    def __init__(self) -> None:
        super().__init__(-1)
        self.gate = threading.Event()
        self.asked = threading.Event()
        self.failures = 0
        self.taken = b""

    def write(self, data: memoryview) -> int:
        self.asked.set()
        assert self.gate.wait(30)
        if self.failures:
            self.failures -= 1
            raise OSError(errno.ENOSPC, "full")
        self.taken += data[:7]
        return min(len(data), 7)


def notice(lines: int, reserved: int) -> bytes:
    return f"dropped {lines} {reserved}\n".encode()


@pytest.fixture
def output() -> GatedOutput:
    return GatedOutput()


@pytest.fixture
def stalled(output: GatedOutput, monkeypatch: pytest.MonkeyPatch) -> LineWriter:
    """Return a writer for ten bytes and three reserved ones, blocked on its first line."""
    monkeypatch.setattr(line_writer, "QUEUED_BYTES", 10)
    monkeypatch.setattr(line_writer, "RESERVED_BYTES", 3)
    monkeypatch.setattr(line_writer, "_RETRY_S", 0.01)
    writer = LineWriter(output, notice)
    writer.put(b"first\n")
    assert output.asked.wait(30)
    return writer


def written(writer: LineWriter, output: GatedOutput) -> str:
    output.gate.set()
    writer.close(30)
    return output.taken.decode()


def test_lines_are_written_in_order_with_partial_writes(
    stalled: LineWriter, output: GatedOutput
) -> None:
    stalled.put(b"abc\n")
    assert written(stalled, output) == "first\nabc\n"


def test_lines_above_the_limit_are_dropped_and_reported_in_place(
    stalled: LineWriter, output: GatedOutput
) -> None:
    for line in (b"ab\n", b"too long\n", b"c\n"):
        stalled.put(line)
    output.gate.set()
    while stalled._dropped:  # the backlog is being written
        pass
    stalled.put(b"later\n")
    assert written(stalled, output) == "first\nab\ndropped 2 0\nlater\n"


def test_reserved_lines_have_more_room(stalled: LineWriter, output: GatedOutput) -> None:
    stalled.put(b"abc\n")
    stalled.put(b"x\n")
    stalled.put(b"12\n", reserved=True)
    stalled.put(b"34\n", reserved=True)
    assert written(stalled, output) == "first\nabc\n12\ndropped 2 1\n"


def test_a_failed_write_is_retried(stalled: LineWriter, output: GatedOutput) -> None:
    output.failures = 3
    stalled.put(b"abc\n")
    output.gate.set()
    while output.failures:
        pass
    assert written(stalled, output) == "first\nabc\n"


def test_closing_gives_up_on_a_stalled_reader(stalled: LineWriter, output: GatedOutput) -> None:
    stalled.close(0.1)
    assert output.taken == b""
    output.gate.set()


def test_closing_gives_up_on_a_full_disk(stalled: LineWriter, output: GatedOutput) -> None:
    output.failures = 10**9
    assert written(stalled, output) == ""


def test_reopening_switches_to_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "log"
    output = Output.file(path)
    output.write(memoryview(b"old\n"))
    path.rename(tmp_path / "log.1")
    output.write(memoryview(b"still old\n"))
    output.reopen()
    output.write(memoryview(b"new\n"))
    assert (tmp_path / "log.1").read_text() == "old\nstill old\n"
    assert path.read_text() == "new\n"
    assert path.stat().st_mode & 0o007 == 0


def test_a_failed_reopen_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "log"
    path.parent.mkdir()
    output = Output.file(path)
    path.parent.rename(tmp_path / "moved")
    with pytest.raises(FileNotFoundError):
        output.reopen()
    output.write(memoryview(b"kept\n"))
    assert (tmp_path / "moved" / "log").read_text() == "kept\n"


def test_opening_a_fifo_does_not_wait_for_its_reader(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="No such device or address"):
        Output.file(tmp_path / "fifo")


def test_a_non_blocking_pipe_is_waited_for() -> None:
    source, sink = os.pipe()
    os.set_blocking(sink, False)
    output = Output(sink)
    filled = _fill(lambda: os.write(sink, b"x" * 4096))
    thread = threading.Thread(target=output.write, args=(memoryview(b"last"),), daemon=True)
    thread.start()
    received = b""
    while len(received) < filled + 4:
        received += os.read(source, 65536)
    thread.join(30)
    assert received.endswith(b"xlast")


def _fill(write: Callable[[], int]) -> int:
    size = 0
    try:
        while True:
            size += write()
    except BlockingIOError:
        return size
