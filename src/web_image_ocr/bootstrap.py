"""Build a running application from settings (composition root)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from fastapi import FastAPI

from web_image_ocr.api.app import create_app
from web_image_ocr.api.dependencies import Dependencies
from web_image_ocr.api.limits.rate_counters import SharedRateCounters
from web_image_ocr.api.state import State
from web_image_ocr.console import console_routes
from web_image_ocr.identity import Identity
from web_image_ocr.images import ImageLimits
from web_image_ocr.serving.cache import ModelFiles, ResultCache
from web_image_ocr.serving.pool import WorkerPool
from web_image_ocr.serving.recognizer import Recognizer
from web_image_ocr.settings import Settings
from web_image_ocr.sources.image_fetcher import ImageFetcher


@asynccontextmanager
async def running_app(
    settings: Settings, identity: Identity | None, *, stopping: Callable[[], bool]
) -> AsyncIterator[FastAPI]:
    """Run the HTTP application with its workers and image fetcher.

    Args:
        settings: the configuration.
        identity: authenticates callers; None accepts everyone (``--no-auth``).
        stopping: returns whether a shutdown was requested.
    """
    # Before a worker loads the files: a file that is replaced later disables the cache.
    models = ModelFiles(settings.engine)
    async with (
        _recorded_usage(identity),  # closed last, to count all calls
        WorkerPool(
            settings.serving, settings.engine, ImageLimits.for_edition(settings.api.edition)
        ) as pool,
        ImageFetcher(settings.fetch, settings.storage) as fetcher,
        _shared_counters(settings) as shared_rate_counters,
    ):
        app = create_app(
            Dependencies(
                recognizer=_cached(pool, models, settings),
                fetcher=fetcher,
                identity=identity,
                shared_rate_counters=shared_rate_counters,
                engine=settings.engine,
                trusted_proxies=settings.server.trusted_proxies,
                stopping=stopping,
            ),
            settings.api,
        )
        if settings.server.console:
            app.router.routes.extend(console_routes())
        yield app


def is_ready(app: FastAPI) -> bool:
    """Return whether a worker can recognize an image now."""
    state: State = app.state.shared
    return state.recognizer.ready()


def _cached(recognizer: Recognizer, models: ModelFiles, settings: Settings) -> Recognizer:
    size = settings.serving.cache_bytes
    return ResultCache(recognizer, models, size) if size else recognizer


def _shared_counters(settings: Settings) -> AbstractAsyncContextManager[SharedRateCounters | None]:
    url = settings.api.rate_limit_redis_url
    return SharedRateCounters(url) if url else nullcontext()


@asynccontextmanager
async def _recorded_usage(identity: Identity | None) -> AsyncIterator[None]:
    with identity.recorder if identity else nullcontext():
        yield
