"""Part ``stages``: measure the time of each stage of a call, from image file to JSON."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from unittest.mock import patch

from benchmarks.dataset import files_of, traits_of
from web_image_ocr import Engine, RecognitionOptions
from web_image_ocr.api.wire.codec import json_response
from web_image_ocr.api.wire.web_image import encode_page
from web_image_ocr.engine.recognition import recognizer
from web_image_ocr.engine.recognition.crops import crop_line
from web_image_ocr.images import ImageLimits
from web_image_ocr.primitives.memory import keep_freed_memory
from web_image_ocr.serving.worker import recognize_image

P = ParamSpec("P")
R = TypeVar("R")


def measure(data: Path, sets: Sequence[str], *, most: int | None) -> dict[str, Any]:
    """Return mean milliseconds and share of each stage, for all images and for each group."""
    keep_freed_memory()  # as a worker does
    engine = Engine()
    collected: defaultdict[str, list[Mapping[str, float]]] = defaultdict(list)
    for name in sets:
        files = files_of(data / name)[:most]
        stages_of(engine, files[0].read_bytes())
        for file in files:
            stages = stages_of(engine, file.read_bytes())
            for part in ("all", traits_of(name).group):
                if part is not None:
                    collected[part].append(stages)
    parts = {part: summary(calls) for part, calls in collected.items()}
    for part, rows in parts.items():
        print(part, " ".join(f"{s} {x['ms']} ms ({x['share']:.1%})" for s, x in rows.items()))
    return parts


def stages_of(engine: Engine, image: bytes) -> dict[str, float]:
    """Return the seconds of each stage of one call on one core, where no two run at once."""
    crops: list[float] = []
    with patch.object(recognizer, "crop_line", _timed(crop_line, crops)):
        page = recognize_image(engine, ImageLimits(), image, RecognitionOptions(), cores=1)
    started = time.perf_counter()
    json_response(encode_page(page))
    stages = {**page.timings, "crop": sum(crops), "encode": time.perf_counter() - started}
    stages["read"] -= stages["crop"]
    return stages


def _timed(work: Callable[P, R], seconds: list[float]) -> Callable[P, R]:
    def timed(*args: P.args, **kwargs: P.kwargs) -> R:
        started = time.perf_counter()
        result = work(*args, **kwargs)
        seconds.append(time.perf_counter() - started)
        return result

    return timed


def summary(calls: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Return the mean milliseconds of each stage over all calls, and its share, 0 to 1."""
    sums: Counter[str] = Counter()
    for call in calls:
        sums.update(call)
    return {
        stage: {
            "ms": round(1000 * seconds / len(calls), 3),
            "share": round(seconds / sums.total(), 4),
        }
        for stage, seconds in sums.items()
    }
