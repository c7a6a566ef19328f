"""Part ``memory``: what a worker of the server holds after many pictures."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.dataset import files_of
from benchmarks.latency.processes import resident_mib
from web_image_ocr import EngineConfig, RecognitionOptions
from web_image_ocr.images import ImageLimits
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ServiceError
from web_image_ocr.serving.installed_code import InstalledCode
from web_image_ocr.serving.messages import Job, Start
from web_image_ocr.serving.process import WorkerProcess

SAMPLES = 20
"""How often the memory is looked at: with 2,000 pictures, every 100."""


def measure(data: Path, sets: Sequence[str], *, most: int | None, pictures: int) -> dict[str, Any]:
    """Resident memory of one worker with one core, which reads so many pictures in all.

    Returns:
        ``resident_mib``: by pictures read, 20 times and at the start; ``last_to_quarter``:
        that at the end over that after a quarter of the pictures.
    """
    files = [file for name in sets for file in files_of(data / name)[:most]]
    samples = asyncio.run(_watch(shuffled(files), pictures))
    ratio = last_to_quarter(samples)
    print(f"resident MiB by pictures read: {samples}; last / quarter {ratio}", flush=True)
    return {"pictures": pictures, "resident_mib": samples, "last_to_quarter": ratio}


def shuffled(files: Sequence[Path]) -> Iterator[Path]:
    """All files in a random order, the same in every run, and again in another, without end."""
    order = random.Random(0)  # noqa: S311 - no secret
    while True:
        yield from order.sample(files, len(files))


def last_to_quarter(samples: Mapping[int, float]) -> float:
    """The memory at the end over that after a quarter of the pictures."""
    last = max(samples)
    return round(samples[last] / samples[last // 4], 3)


async def _watch(files: Iterator[Path], pictures: int) -> dict[int, float]:
    worker = WorkerProcess(Start(EngineConfig(), ImageLimits()), InstalledCode())
    await worker.start()
    assert worker.pid is not None
    samples = {0: round(resident_mib(worker.pid), 1)}
    try:
        for number, file in enumerate(islice(files, pictures), 1):
            job = Job(file.read_bytes(), RecognitionOptions(), Deadline.never(), cores=1)
            answer = await worker.answer(job)
            if isinstance(answer, ServiceError):
                raise answer
            if number % (pictures // SAMPLES) == 0:
                samples[number] = round(resident_mib(worker.pid), 1)
    finally:
        await worker.close()
    return samples
