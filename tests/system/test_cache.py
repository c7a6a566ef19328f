"""Check the result cache in front of real workers, and in a server."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.soak.processes import workers_of
from tests.support.images import encode_image, text_image, to_base64
from tests.support.servers import running_service
from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.page import RecognitionOptions
from web_image_ocr.images import ImageLimits
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.serving.cache import ModelFiles, ResultCache
from web_image_ocr.serving.config import ServingConfig
from web_image_ocr.serving.pool import WorkerPool

pytestmark = pytest.mark.models

OPTIONS = RecognitionOptions()


async def test_what_is_kept_is_what_the_worker_read() -> None:
    config = EngineConfig()
    limits = ImageLimits.for_edition("2021")
    picture = encode_image(text_image("Hello cache"))
    async with WorkerPool(ServingConfig(workers=1), config, limits) as pool:
        cache = ResultCache(pool, ModelFiles(config), 100_000)
        pages = await asyncio.gather(
            *(cache.recognize(picture, OPTIONS, Deadline.after(60), "project") for _ in range(5))
        )
        kept = await cache.recognize(picture, OPTIONS, Deadline.after(60), "project")
        read = await pool.recognize(picture, OPTIONS, Deadline.after(60), "project")
        with pytest.raises(ServiceError) as caught:
            await cache.recognize(b"no picture", OPTIONS, Deadline.after(60), "project")
    assert caught.value.kind is ErrorKind.FORMAT_UNSUPPORTED
    assert [line.text for line in read.lines] == ["Hello cache"]
    for page in (*pages, kept):
        assert replace(page, timings={}) == replace(read, timings={})
    assert sum("read" in page.timings for page in pages) == 1
    assert list(kept.timings) == ["cache"]


async def test_a_run_given_up_ends_with_the_pool(caplog: pytest.LogCaptureFixture) -> None:
    config = EngineConfig()
    limits = ImageLimits.for_edition("2021")
    picture = encode_image(text_image("Hello cache"))
    async with WorkerPool(ServingConfig(workers=1), config, limits) as pool:
        cache = ResultCache(pool, ModelFiles(config), 100_000)
        await pool.recognize(picture, OPTIONS, Deadline.after(60), "project")
        for worker in workers_of(os.getpid()):
            os.kill(worker, signal.SIGSTOP)
        call = asyncio.create_task(cache.recognize(picture, OPTIONS, Deadline.after(60), "project"))
        await asyncio.sleep(0.1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    await asyncio.sleep(0.1)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    gc.collect()  # asyncio reports unretrieved exceptions on collection
    assert not caplog.records


@pytest.mark.server
def test_a_server_with_a_cache(tmp_path: Path) -> None:
    settings = {"WEB_IMAGE_OCR_SERVING__CACHE_BYTES": "1000000"}
    body = {"image": to_base64(encode_image(text_image("Hello server")))}
    with running_service(tmp_path, environment=settings) as service:
        first, second = [service.post(body) for _ in range(2)]
    assert first.status_code == 200, first.text
    assert first.content == second.content
    assert "read;dur=" in first.headers["server-timing"]
    assert second.headers["server-timing"].startswith("cache;dur=")
    assert "detect" not in second.headers["server-timing"]
