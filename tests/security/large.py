"""Measure seconds and memory for the largest accepted images, through a server.

    python -m tests.security.large [part of a name ...]

Each image is sent to a server started by the command, with one worker and one spare. Memory is the
peak resident size of the server plus the worker that read the image. Other load on the machine
changes seconds, but hardly CPU seconds.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from tests.security.processes import cpu_seconds, peak_memory, reset_peak
from tests.support.images import draw_image, to_base64
from tests.support.servers import Service, running_service

SIDE = 8192
LONG = (30_000, 5_333)
"""Longest side and pixel limit (160 million) of the 2025 edition."""

Maker = Callable[[], bytes]


def blank(
    mode: str, image_format: str, size: tuple[int, int] = (SIDE, SIDE), **options: object
) -> bytes:
    """Return an image file in one color."""
    return _encoded(Image.new(mode, size, 1 if mode == "1" else "white"), image_format, **options)


def noise(block: int) -> bytes:
    """Return random black and white squares with sides of ``block`` pixels."""
    bits = np.random.default_rng(1).integers(0, 2, (SIDE // block, SIDE // block), dtype=np.uint8)
    squares = np.kron(bits, np.ones((block, block), dtype=np.uint8))
    return _encoded(Image.fromarray(squares * 255).convert("1"), "PNG")


def grain() -> bytes:
    """Return random grays, as large as the file limit allows in a JPEG."""
    values = np.random.default_rng(2).integers(0, 256, (7_400, SIDE), dtype=np.uint8)
    return _encoded(Image.fromarray(values), "JPEG", quality=1)


def page(size: tuple[int, int], height: int) -> bytes:
    """Return an image full of text lines with that height in pixels."""
    words = "market street open 24 hours, menu and prices on request "
    step = height * 2
    texts = (((8, y), words * (512 // len(words) + 1)) for y in range(8, 512 - height, step))
    tile = np.asarray(draw_image(*texts, size=(1024, 512), height=height).convert("L"))
    down, across = -(-size[1] // 512), -(-size[0] // 1024)
    return _encoded(Image.fromarray(np.tile(tile, (down, across))[: size[1], : size[0]]), "PNG")


IMAGES: Mapping[str, tuple[str, Maker]] = {
    "blank png": ("2021", lambda: blank("RGB", "PNG")),
    "blank png, alpha": ("2021", lambda: blank("RGBA", "PNG")),
    "blank png, palette": ("2021", lambda: blank("P", "PNG")),
    "blank png, 1 bit": ("2021", lambda: blank("1", "PNG")),
    "blank png, 16 bit": ("2021", lambda: blank("I;16", "PNG")),
    "blank jpeg": ("2021", lambda: blank("RGB", "JPEG")),
    "blank jpeg, progressive": ("2021", lambda: blank("RGB", "JPEG", progressive=True)),
    "blank webp": ("2021", lambda: blank("RGB", "WEBP", method=0)),
    "blank webp, lossless": ("2021", lambda: blank("RGB", "WEBP", lossless=True, method=0)),
    "blank gif": ("2021", lambda: blank("P", "GIF")),
    "blank tiff, lzw": ("2021", lambda: blank("RGB", "TIFF", compression="tiff_lzw")),
    "noise of squares of 2": ("2021", lambda: noise(2)),
    "noise of squares of 16": ("2021", lambda: noise(16)),
    "grain": ("2021", grain),
    "text 12 high": ("2021", lambda: page((SIDE, SIDE), 12)),
    "text 24 high": ("2021", lambda: page((SIDE, SIDE), 24)),
    "long blank": ("2025", lambda: blank("RGB", "PNG", LONG)),
    "long blank webp": ("2025", lambda: blank("RGB", "WEBP", (9_700, 16_383), method=0)),
    "long text 16 high": ("2025", lambda: page(LONG, 16)),
    "long strip of text": ("2025", lambda: page((30_000, 800), 16)),
    "tall strip of text": ("2025", lambda: page((800, 30_000), 16)),
}
"""Edition of the API and maker of the file, by name."""


def _encoded(image: Image.Image, image_format: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, image_format, **options)
    return out.getvalue()


def main(words: list[str]) -> None:
    """Print a line for each image whose name contains one of the words."""
    chosen = {
        name: made
        for name, made in IMAGES.items()
        if not words or any(word in name for word in words)
    }
    print(f"{'image':26} {'file':>9} status {'seconds':>8} {'CPU s':>9} {'memory':>8}  words")
    for edition, names in itertools.groupby(chosen, lambda name: chosen[name][0]):
        settings = {"WEB_IMAGE_OCR_API__EDITION": edition}
        with (
            tempfile.TemporaryDirectory() as folder,
            running_service(Path(folder), environment=settings) as service,
        ):
            service.client.timeout = httpx.Timeout(
                120
            )  # longer than the deadline, to see a missed one
            for name in names:
                print(f"{name:26} {_measured(service, chosen[name][1]())}", flush=True)


class _Watch(threading.Thread):
    """Sample processes 20 times a second, because a replaced process takes its figures along."""

    def __init__(self, processes: Sequence[int]) -> None:
        super().__init__(daemon=True)
        self._done = threading.Event()
        self._before = {pid: cpu_seconds(pid) for pid in processes}
        self.seconds = dict.fromkeys(processes, 0.0)
        self.memory = dict.fromkeys(processes, 0)
        for pid in processes:
            reset_peak(pid)

    def run(self) -> None:
        while not self._done.wait(0.05):
            for pid in self.memory:
                with contextlib.suppress(OSError, AssertionError):
                    self.memory[pid] = peak_memory(pid)
                    self.seconds[pid] = cpu_seconds(pid) - self._before[pid]

    def stop(self) -> None:
        self._done.set()
        self.join()


def _measured(service: Service, data: bytes) -> str:
    server, *workers = service.server.process.pid, *_living_workers(service)
    watch = _Watch([server, *workers])
    watch.start()
    began = time.monotonic()
    response = service.post({"image": to_base64(data)})
    seconds = time.monotonic() - began
    watch.stop()
    reader = max(workers, key=lambda pid: watch.seconds[pid])
    memory = watch.memory[server] + watch.memory[reader]
    body = response.json()
    found = body["result"]["words_block_count"] if "result" in body else body["error_code"]
    return (
        f"{len(data):9,} {response.status_code:6} {seconds:8.1f} {sum(watch.seconds.values()):9.1f}"
        f" {memory / 1e6:5.0f} MB  {found}"
    )


def _living_workers(service: Service) -> list[int]:
    """Return the process ids of the worker and of the spare."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        pids = [record["pid"] for record in service.server.records("worker ready")]
        if len(living := [pid for pid in pids if Path(f"/proc/{pid}").exists()]) >= 2:
            return living
        time.sleep(0.1)
    raise TimeoutError(service.server.log_tail())


if __name__ == "__main__":
    main(sys.argv[1:])
