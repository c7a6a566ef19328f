from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fake_recognizer import FAKE_PAGE, FakeRecognizer
from tests.unit.serving.reading import OPTIONS, HeldRecognizer, settle
from web_image_ocr.engine import EngineConfig
from web_image_ocr.engine.page import Page, RecognitionOptions
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.serving.cache import ResultCache
from web_image_ocr.serving.model_files import ModelFiles
from web_image_ocr.serving.recognizer import Recognizer

LARGE = bytes(1024 * 1024)
NEVER = Deadline.never()


@pytest.fixture
def null() -> FakeRecognizer:
    return FakeRecognizer()


@pytest.fixture
def cache(null: FakeRecognizer) -> ResultCache:
    return cache_before(null)


def cache_before(recognizer: Recognizer, config: EngineConfig | None = None) -> ResultCache:
    return ResultCache(recognizer, ModelFiles(config or EngineConfig()), 100_000)


async def read(
    cache: ResultCache,
    picture: bytes = b"picture",
    options: RecognitionOptions = OPTIONS,
    project: str = "one",
) -> Page:
    return await cache.recognize(picture, options, Deadline.after(60), project)


@pytest.mark.parametrize("picture", [b"", b"picture", LARGE])
async def test_a_picture_is_read_once(
    cache: ResultCache, null: FakeRecognizer, picture: bytes
) -> None:
    first = await read(cache, picture)
    second = await read(cache, bytes(bytearray(picture)))
    assert null.calls == [(picture, OPTIONS)]
    assert first == FAKE_PAGE
    assert replace(second, timings={}) == replace(FAKE_PAGE, timings={})


async def test_an_answer_that_was_not_read_has_no_times_of_reading(cache: ResultCache) -> None:
    await read(cache)
    page = await read(cache)
    assert list(page.timings) == ["cache"]
    assert 0 <= page.timings["cache"] < 5


async def test_other_bytes_or_options_are_read(cache: ResultCache, null: FakeRecognizer) -> None:
    turned = RecognitionOptions(detect_direction=True)
    asked = [(b"picture", OPTIONS), (b"picture!", OPTIONS), (b"picture", turned)]
    for picture, options in asked * 2:
        await read(cache, picture, options)
    assert null.calls == asked


async def test_projects_share_no_answer(cache: ResultCache, null: FakeRecognizer) -> None:
    pages = [await read(cache, project=project) for project in ("one", "two", "one", "two")]
    assert len(null.calls) == 2
    assert ["cache" in page.timings for page in pages] == [False, False, True, True]


async def test_projects_share_no_run() -> None:
    held = HeldRecognizer()
    cache = cache_before(held)
    calls = [asyncio.create_task(read(cache, project=project)) for project in ("one", "two")]
    await settle()
    assert held.projects == ["one", "two"]
    for run in held.runs:
        run.set_result(FAKE_PAGE)
    pages = await asyncio.gather(*calls)
    assert [page.timings for page in pages] == [FAKE_PAGE.timings] * 2


async def test_calls_at_the_same_time_are_read_once(null: FakeRecognizer) -> None:
    null.seconds = 0.05
    cache = cache_before(null)
    pages = await asyncio.gather(*(read(cache, LARGE) for _ in range(8)))
    assert len(null.calls) == 1
    led = [page for page in pages if page.timings == FAKE_PAGE.timings]
    followed = [page for page in pages if list(page.timings) == ["cache"]]
    assert (len(led), len(followed)) == (1, 7)


async def test_an_error_is_not_kept(cache: ResultCache, null: FakeRecognizer) -> None:
    def fault() -> None:
        raise ServiceError(ErrorKind.RECOGNITION_FAILED)

    null.fault = fault
    for _ in range(2):
        with pytest.raises(ServiceError):
            await read(cache)
    null.fault = lambda: None
    assert await read(cache) == FAKE_PAGE
    assert len(null.calls) == 3


async def test_a_kept_answer_needs_no_worker(cache: ResultCache, null: FakeRecognizer) -> None:
    await read(cache)
    null.alive = False
    assert (await read(cache)).lines == FAKE_PAGE.lines
    assert not cache.ready()


async def test_a_run_given_up_keeps_nothing() -> None:
    held = HeldRecognizer()
    cache = cache_before(held)
    call = asyncio.create_task(read(cache))
    await settle()
    call.cancel()
    await settle()
    again = asyncio.create_task(read(cache))
    await settle()
    assert len(held.runs) == 2
    held.answer()
    assert await again == FAKE_PAGE


async def test_once_a_model_file_is_another_nothing_kept_is_given(
    tmp_path: Path, null: FakeRecognizer
) -> None:
    model = tmp_path / "model.onnx"
    model.write_bytes(b"model")
    cache = cache_before(null, EngineConfig(recognition_model=model))
    for _ in range(2):
        await read(cache)
    assert len(null.calls) == 1
    model.write_bytes(b"another model")
    null.page = replace(FAKE_PAGE, width=99)
    for _ in range(2):
        assert (await read(cache)).width == 99
    assert len(null.calls) == 3


async def test_what_a_passing_model_read_is_not_kept(tmp_path: Path) -> None:
    model = tmp_path / "model.onnx"
    for version in ("one", "two"):
        (tmp_path / version).write_bytes(b"model")
    model.symlink_to(tmp_path / "one")
    held = HeldRecognizer()
    cache = cache_before(held, EngineConfig(recognition_model=model))
    for run in (1, 2):
        call = asyncio.create_task(read(cache))
        await settle()
        assert len(held.runs) == run
        _point(model, tmp_path / "two")
        held.answer()
        await call
        _point(model, tmp_path / "one")


def _point(link: Path, file: Path) -> None:
    link.unlink()
    link.symlink_to(file)
