from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_recognizer import FAKE_PAGE, FakeRecognizer
from tests.unit.serving.held_recognizer import OPTIONS, HeldRecognizer, settle
from web_image_ocr.engine.config import EngineConfig
from web_image_ocr.engine.page import Page, RecognitionOptions
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.serving.cache import ModelFiles, ResultCache
from web_image_ocr.serving.recognizer import Recognizer

LARGE = bytes(1024 * 1024)
NEVER = Deadline.never()


@pytest.fixture
def fake() -> FakeRecognizer:
    return FakeRecognizer()


@pytest.fixture
def cache(fake: FakeRecognizer) -> ResultCache:
    return cached(fake)


def cached(recognizer: Recognizer, config: EngineConfig | None = None) -> ResultCache:
    return ResultCache(recognizer, ModelFiles(config or EngineConfig()), 100_000)


async def recognize(
    cache: ResultCache,
    image: bytes = b"image",
    options: RecognitionOptions = OPTIONS,
    project: str = "one",
) -> Page:
    return await cache.recognize(image, options, Deadline.after(60), project)


@pytest.mark.parametrize("image", [b"", b"image", LARGE])
async def test_an_image_is_recognized_once(
    cache: ResultCache, fake: FakeRecognizer, image: bytes
) -> None:
    first = await recognize(cache, image)
    second = await recognize(cache, bytes(bytearray(image)))
    assert fake.calls == [(image, OPTIONS)]
    assert first == FAKE_PAGE
    assert replace(second, timings={}) == replace(FAKE_PAGE, timings={})


async def test_a_cached_result_has_the_cache_timing_only(cache: ResultCache) -> None:
    await recognize(cache)
    page = await recognize(cache)
    assert list(page.timings) == ["cache"]
    assert 0 <= page.timings["cache"] < 5


async def test_other_bytes_or_options_are_a_miss(cache: ResultCache, fake: FakeRecognizer) -> None:
    rotated = RecognitionOptions(detect_direction=True)
    asked = [(b"image", OPTIONS), (b"image!", OPTIONS), (b"image", rotated)]
    for image, options in asked * 2:
        await recognize(cache, image, options)
    assert fake.calls == asked


async def test_projects_share_no_result(cache: ResultCache, fake: FakeRecognizer) -> None:
    pages = [await recognize(cache, project=project) for project in ("one", "two", "one", "two")]
    assert len(fake.calls) == 2
    assert ["cache" in page.timings for page in pages] == [False, False, True, True]


async def test_projects_share_no_run() -> None:
    held = HeldRecognizer()
    cache = cached(held)
    calls = [asyncio.create_task(recognize(cache, project=project)) for project in ("one", "two")]
    await settle()
    assert held.projects == ["one", "two"]
    for run in held.runs:
        run.set_result(FAKE_PAGE)
    pages = await asyncio.gather(*calls)
    assert [page.timings for page in pages] == [FAKE_PAGE.timings] * 2


async def test_concurrent_identical_calls_share_one_run(fake: FakeRecognizer) -> None:
    fake.seconds = 0.05
    cache = cached(fake)
    pages = await asyncio.gather(*(recognize(cache, LARGE) for _ in range(8)))
    assert len(fake.calls) == 1
    led = [page for page in pages if page.timings == FAKE_PAGE.timings]
    followed = [page for page in pages if list(page.timings) == ["cache"]]
    assert (len(led), len(followed)) == (1, 7)


async def test_an_error_is_not_cached(cache: ResultCache, fake: FakeRecognizer) -> None:
    def fault() -> None:
        raise ServiceError(ErrorKind.RECOGNITION_FAILED)

    fake.fault = fault
    for _ in range(2):
        with pytest.raises(ServiceError):
            await recognize(cache)
    fake.fault = lambda: None
    assert await recognize(cache) == FAKE_PAGE
    assert len(fake.calls) == 3


async def test_a_cached_result_needs_no_worker(cache: ResultCache, fake: FakeRecognizer) -> None:
    await recognize(cache)
    fake.alive = False
    assert (await recognize(cache)).lines == FAKE_PAGE.lines
    assert not cache.ready()


async def test_a_cancelled_run_caches_nothing() -> None:
    held = HeldRecognizer()
    cache = cached(held)
    call = asyncio.create_task(recognize(cache))
    await settle()
    call.cancel()
    await settle()
    again = asyncio.create_task(recognize(cache))
    await settle()
    assert len(held.runs) == 2
    held.answer()
    assert await again == FAKE_PAGE


async def test_a_changed_model_file_disables_the_cache(
    tmp_path: Path, fake: FakeRecognizer
) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(b"model")
    cache = cached(fake, EngineConfig(recognition_model=model))
    for _ in range(2):
        await recognize(cache)
    assert len(fake.calls) == 1
    model.write_bytes(b"another model")
    fake.page = replace(FAKE_PAGE, width=99)
    for _ in range(2):
        assert (await recognize(cache)).width == 99
    assert len(fake.calls) == 3


async def test_a_result_of_a_temporarily_replaced_model_is_not_cached(tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    for version in ("one", "two"):
        (tmp_path / version).write_bytes(b"model")
    model.symlink_to(tmp_path / "one")
    held = HeldRecognizer()
    cache = cached(held, EngineConfig(recognition_model=model))
    for run in (1, 2):
        call = asyncio.create_task(recognize(cache))
        await settle()
        assert len(held.runs) == run
        _point(model, tmp_path / "two")
        held.answer()
        await call
        _point(model, tmp_path / "one")


def _point(link: Path, file: Path) -> None:
    link.unlink()
    link.symlink_to(file)


def overwrite(path: Path) -> None:
    path.write_bytes(b"longer than before")


def overwrite_keeping_times(path: Path) -> None:
    times = path.stat()
    path.write_bytes(b"MODEL")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def replace_keeping_size_and_times(path: Path) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(b"other")
    times = path.stat()
    os.utime(other, ns=(times.st_atime_ns, times.st_mtime_ns))
    other.replace(path)


def remove(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    "change", [overwrite, overwrite_keeping_times, replace_keeping_size_and_times, remove]
)
@pytest.mark.parametrize("setting", ["detection_model", "recognition_model"])
def test_a_changed_file_is_detected(
    tmp_path: Path, setting: str, change: Callable[[Path], None]
) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"model")
    config = EngineConfig(**{setting: path})  # type: ignore[arg-type]
    files = ModelFiles(config)
    assert not files.changed()
    change(path)
    assert files.changed()
    assert not ModelFiles(config).changed(), "a restart accepts the new file"


def test_bundled_models_are_not_watched() -> None:
    assert not ModelFiles(EngineConfig()).changed()


def test_a_file_that_changed_temporarily_stays_changed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(b"model")
    link = tmp_path / "model.onnx"
    link.symlink_to(tmp_path / "one")
    files = ModelFiles(EngineConfig(recognition_model=link))
    for name in ("two", "one"):  # a worker may have loaded the other one in between
        link.unlink()
        link.symlink_to(tmp_path / name)
        assert files.changed()
