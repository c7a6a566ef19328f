"""Small files that announce, or unfold to, far more than they hold.

They are decoded in another process whose memory is limited, so that a decoder that
believes the file fails the test and not the machine. What they cost is counted by processor time
and resident memory, which other load does not disturb.
"""

from __future__ import annotations

import builtins
import contextlib
import multiprocessing
import os
import resource
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from PIL import Image

from tests.security.bombs import DECODED, GREY, REFUSED, SIDE, png, tiff, zeros
from tests.security.processes import forget_peak, greatest_memory
from tests.support.images import encode_image, quadrants
from web_image_ocr.images import ImageFormat, ImageLimits, decode, inspect
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.memory import ResidentMemory

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="read from /proc"),
]

LIMITS = replace(ImageLimits.for_edition("2021"), formats=frozenset(ImageFormat))
"""Of the edition of 2021, with the formats of that of 2025."""

MEMORY = 2 * 1024**3
"""Bytes of address space: the libraries alone take about one of these two gigabytes."""

MB = 1_000_000

Outcome = tuple[object, float, int]
"""Pixels, or kind of error; processor seconds; greatest resident memory beyond that before."""


def serve(pipe: Connection) -> None:
    """Decode what comes, in little memory, and answer with the outcome."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for image_format in ("WEBP", "PNG", "TIFF"):  # so that what is loaded once is loaded
        decode(encode_image(quadrants(), image_format), LIMITS)
    while data := pipe.recv_bytes():
        forget_peak()
        held, used = _resident_bytes(), _processor_seconds()
        found: object
        try:
            picture = decode(data, LIMITS)
            found = picture.width * picture.height
            del picture
        except ServiceError as error:
            found = error.kind
        except BaseException as error:  # noqa: BLE001 - the test reports whatever it was
            found = repr(error)
        pipe.send((found, _processor_seconds() - used, greatest_memory() - held))


def _resident_bytes() -> int:
    with contextlib.closing(ResidentMemory(os.getpid())) as memory:
        return memory.bytes() or 0


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@pytest.fixture(scope="module")
def decoder() -> Iterator[Connection]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs,))
    process.start()
    theirs.close()
    yield ours
    ours.send_bytes(b"")
    process.join()


def outcome(decoder: Connection, data: bytes) -> Outcome:
    decoder.send_bytes(data)
    found: Outcome = decoder.recv()
    return found


@pytest.mark.parametrize("name", REFUSED)
def test_is_refused_at_once(name: str, decoder: Connection) -> None:
    make, kind = REFUSED[name]
    found, seconds, memory = outcome(decoder, make())
    assert found == kind
    assert seconds < 1.0
    assert memory < 50 * MB


@pytest.mark.parametrize("name", DECODED)
def test_is_decoded_in_bounds(name: str, decoder: Connection) -> None:
    pixels, seconds, memory = outcome(decoder, DECODED[name]())
    assert isinstance(pixels, int), pixels
    assert seconds < 6.0
    assert memory < 10.5 * pixels + 30 * MB  # ten bytes a pixel for a progressive JPEG


def test_pixels_that_end_early_are_refused(decoder: Connection) -> None:
    """Only the decoder finds out, so it may hold the picture."""
    rows = zeros(SIDE * (3 * SIDE + 1))
    found, _, memory = outcome(decoder, png(SIDE, SIDE, rows=rows[: len(rows) // 2]))
    assert found == ErrorKind.FORMAT_UNSUPPORTED
    assert memory < 4.5 * SIDE * SIDE


@pytest.mark.parametrize("tag", [322, 323])
def test_tile_is_limited_however_small_the_picture(tag: int) -> None:
    tile = {322: (4, 16), 323: (4, 16)}
    assert inspect(tiff({**GREY, **tile, tag: (4, 8192)}), LIMITS).width == 40
    with pytest.raises(ServiceError) as caught:
        inspect(tiff({**GREY, **tile, tag: (4, 8193)}), LIMITS)
    assert caught.value.kind is ErrorKind.FORMAT_UNSUPPORTED


def test_thin_picture_of_the_greatest_length_is_small() -> None:
    assert (
        decode(encode_image(Image.new("L", (8192, 15)), "PNG"), LIMITS).pixels.nbytes
        == 8192 * 15 * 3
    )


def test_nothing_is_run_and_no_other_file_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow has readers that start programs (EPS) and such as read further files."""

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a decoder reached outside")

    data = [
        encode_image(quadrants(), form)
        for form in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "ICO", "PCX")
    ]
    postscript = encode_image(quadrants(), "EPS")
    monkeypatch.setattr(subprocess, "Popen", forbidden)
    monkeypatch.setattr(builtins, "open", forbidden)
    for file in data:
        decode(file, LIMITS)
    with pytest.raises(ServiceError) as caught:
        decode(postscript, LIMITS)
    assert caught.value.kind is ErrorKind.FORMAT_UNSUPPORTED
