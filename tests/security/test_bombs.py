"""Test decompression bombs: small files that announce, or expand to, far more data.

A process with limited memory decodes them, so that a decoder that trusts the file fails the test
and not the machine. Cost is measured in CPU time and resident memory, which do not depend on other
load.
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

from tests.security.bombs import DECODED, GRAY, REFUSED, SIDE, png, tiff, zeros
from tests.security.processes import peak_memory, reset_peak
from tests.support.images import encode_image, quadrants
from web_image_ocr.images import ImageFormat, ImageLimits, decode, inspect
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.memory import ResidentMemory

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="read from /proc"),
]

LIMITS = replace(ImageLimits.for_edition("2021"), formats=frozenset(ImageFormat))
"""Limits of the 2021 edition with the formats of the 2025 edition."""

MEMORY = 2 * 1024**3
"""Bytes of address space, about half of it for the libraries."""

MB = 1_000_000

Outcome = tuple[object, float, int]
"""Pixels or error kind, CPU seconds, and increase of the peak resident memory in bytes."""


def serve(pipe: Connection) -> None:
    """Decode files from the pipe in limited memory, and send back the outcome."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for image_format in ("WEBP", "PNG", "TIFF"):  # load lazily imported code first
        decode(encode_image(quadrants(), image_format), LIMITS)
    while data := pipe.recv_bytes():
        reset_peak()
        held, used = _resident_bytes(), _cpu_seconds()
        found: object
        try:
            decoded = decode(data, LIMITS)
            found = decoded.width * decoded.height
            del decoded
        except ServiceError as error:
            found = error.kind
        except BaseException as error:  # noqa: BLE001 - the test reports whatever it was
            found = repr(error)
        pipe.send((found, _cpu_seconds() - used, peak_memory() - held))


def _resident_bytes() -> int:
    with contextlib.closing(ResidentMemory(os.getpid())) as memory:
        return memory.bytes() or 0


def _cpu_seconds() -> float:
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
def test_is_refused_immediately(name: str, decoder: Connection) -> None:
    make, kind = REFUSED[name]
    found, seconds, memory = outcome(decoder, make())
    assert found == kind
    assert seconds < 1.0
    assert memory < 50 * MB


@pytest.mark.parametrize("name", DECODED)
def test_is_decoded_within_limits(name: str, decoder: Connection) -> None:
    pixels, seconds, memory = outcome(decoder, DECODED[name]())
    assert isinstance(pixels, int), pixels
    assert seconds < 6.0
    assert memory < 10.5 * pixels + 30 * MB  # 10 bytes per pixel for a progressive JPEG


def test_truncated_pixel_data_is_refused(decoder: Connection) -> None:
    """Only the decoder can detect this, so it may hold the pixels."""
    rows = zeros(SIDE * (3 * SIDE + 1))
    found, _, memory = outcome(decoder, png(SIDE, SIDE, rows=rows[: len(rows) // 2]))
    assert found == ErrorKind.FORMAT_UNSUPPORTED
    assert memory < 4.5 * SIDE * SIDE


@pytest.mark.parametrize("tag", [322, 323])
def test_tile_size_is_limited_for_small_images(tag: int) -> None:
    tile = {322: (4, 16), 323: (4, 16)}
    assert inspect(tiff({**GRAY, **tile, tag: (4, 8192)}), LIMITS).width == 40
    with pytest.raises(ServiceError) as caught:
        inspect(tiff({**GRAY, **tile, tag: (4, 8193)}), LIMITS)
    assert caught.value.kind is ErrorKind.FORMAT_UNSUPPORTED


def test_thin_image_of_maximum_length_is_small() -> None:
    assert (
        decode(encode_image(Image.new("L", (8192, 15)), "PNG"), LIMITS).pixels.nbytes
        == 8192 * 15 * 3
    )


def test_decoding_starts_no_program_and_opens_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow has plugins that start programs (EPS) or open other files."""

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a decoder started a program or opened a file")

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
