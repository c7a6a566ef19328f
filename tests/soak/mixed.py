"""Send valid and invalid calls of every kind: check responses, losses and memory growth."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.contract.file_server import FileServer, serving_files
from tests.soak.calls import (
    BY_IMAGE,
    caller_of,
    invalid_calls,
    large_calls,
    random_calls,
    valid_calls,
)
from tests.soak.client import Fate
from tests.soak.images import SampleImage, sample_images
from tests.soak.load import Tally, drive
from tests.soak.memory import Memory
from tests.soak.report import Report, summarize
from tests.support.servers import Service, running_service, words
from web_image_ocr.images import ImageLimits
from web_image_ocr.images.config import Edition

_WEIGHTS = (70.0, 29.5, 0.5)
"""Weights of valid calls, invalid ones, and invalid ones of many megabytes."""
_WORKERS = 2
_SEED = 20_261_126


def mixed(folder: Path, calls: int, *, edition: Edition = "2021") -> Report:
    """Send ``calls`` mixed calls, eight at once.

    Each image is first recognized without load, by a worker that may use all cores. Responses
    under load must have the same bytes.
    """
    report = Report(f"mixed {edition}")
    tally = Tally()
    samples = sample_images(edition)
    with _service(folder / f"mixed-{edition}", edition) as (service, files):
        caller = caller_of(service)
        valid = valid_calls(caller, samples, files)
        invalid = invalid_calls(caller, samples, files, ImageLimits.for_edition(edition))
        service.server.workers()
        memory = Memory(service.server.process.pid)
        started = time.monotonic()
        alone = [call for call in valid if call.kind == BY_IMAGE]
        drive(service.url, iter(alone), tally, clients=1)
        _check_words(report, tally, samples)
        drawn = random_calls((valid, invalid, large_calls(caller)), _WEIGHTS, _SEED)
        drive(
            service.url,
            itertools.islice(drawn, calls),
            tally,
            on_outcome=lambda _call, _outcome: memory.sample(tally.done - len(alone)),
        )
        took = time.monotonic() - started
        kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(tally.calls.items()))
        report.facts.append(f"{tally.done} calls in {took:.0f} s: {kinds}")
        _check_calls(report, tally, calls + len(alone))
        memory.check(report)
        ended = service.server.records("worker ended")
        report.check(not ended, f"{len(ended)} workers exited")
    return report


@contextmanager
def _service(folder: Path, edition: Edition) -> Iterator[tuple[Service, FileServer]]:
    with serving_files() as files:
        settings = {
            "WEB_IMAGE_OCR_API__EDITION": edition,
            "WEB_IMAGE_OCR_SERVING__WORKERS": str(_WORKERS),
            # Calls of aborting clients stay queued for a moment, so more than eight wait.
            "WEB_IMAGE_OCR_SERVING__MAX_WAITING_PER_WORKER": "20",
            "WEB_IMAGE_OCR_FETCH__ALLOWED_NETWORKS": "127.0.0.0/8",
            "WEB_IMAGE_OCR_FETCH__ALLOWED_PORTS": f"80,443,{files.port},{files.closed_port}",
        }
        with running_service(folder, environment=settings) as service:
            yield service, files


def _check_words(report: Report, tally: Tally, samples: Sequence[SampleImage]) -> None:
    misread = [sample.name for sample in samples if _read(tally, sample) != sample.words]
    report.check(not misread, f"{summarize(misread)} of {len(samples)} images misread")


def _read(tally: Tally, sample: SampleImage) -> tuple[str, ...]:
    said = json.loads(tally.first.get(sample.name, b"{}"))
    return tuple(words(said["result"])) if "result" in said else ("no response",)


def _check_calls(report: Report, tally: Tally, made: int) -> None:
    lost = made - tally.fates[Fate.ANSWERED] - tally.fates[Fate.ABORTED]
    report.check(lost == 0, f"{lost} of {made} calls lost")
    report.check(not tally.wrong, f"{summarize(tally.wrong)} unexpected responses")
    report.check(
        not tally.differing, f"{summarize(tally.differing)} differing responses for an image"
    )
