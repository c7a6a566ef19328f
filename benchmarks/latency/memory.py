"""Part ``memory``: measure the resident memory of a worker over many images."""

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
"""Number of measurements: with 2,000 images, one every 100."""


def measure(
    data: Path, sets: Sequence[str], *, most: int | None, image_count: int
) -> dict[str, Any]:
    """Return the resident memory of one worker on one core over ``image_count`` images.

    Returns:
        ``resident_mib``: by number of images, 20 times and at the start; ``last_to_quarter``:
        memory at the end over memory after a quarter of the images.
    """
    files = [file for name in sets for file in files_of(data / name)[:most]]
    samples = asyncio.run(_sample_memory(shuffled(files), image_count))
    ratio = last_to_quarter(samples)
    print(f"resident MiB by number of images: {samples}; last / quarter {ratio}", flush=True)
    return {"pictures": image_count, "resident_mib": samples, "last_to_quarter": ratio}


def shuffled(files: Sequence[Path]) -> Iterator[Path]:
    """Yield all files in a random order, then in another, without end; the same in every run."""
    order = random.Random(0)  # noqa: S311 - no secret
    while True:
        yield from order.sample(files, len(files))


def last_to_quarter(samples: Mapping[int, float]) -> float:
    """Return the memory at the end over the memory after a quarter of the images."""
    last = max(samples)
    return round(samples[last] / samples[last // 4], 3)


async def _sample_memory(files: Iterator[Path], image_count: int) -> dict[int, float]:
    worker = WorkerProcess(Start(EngineConfig(), ImageLimits()), InstalledCode())
    await worker.start()
    assert worker.pid is not None
    samples = {0: round(resident_mib(worker.pid), 1)}
    try:
        for number, file in enumerate(islice(files, image_count), 1):
            job = Job(file.read_bytes(), RecognitionOptions(), Deadline.never(), cores=1)
            answer = await worker.answer(job)
            if isinstance(answer, ServiceError):
                raise answer
            if number % (image_count // SAMPLES) == 0:
                samples[number] = round(resident_mib(worker.pid), 1)
    finally:
        await worker.close()
    return samples
