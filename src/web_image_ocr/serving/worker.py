"""Serve jobs in a worker process: image files in, pages or errors out, over one pipe."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import replace
from multiprocessing.connection import Connection

import numpy as np

from web_image_ocr.engine.page import Page, RecognitionOptions
from web_image_ocr.engine.pipeline import Engine
from web_image_ocr.images import ImageLimits, decode
from web_image_ocr.images.decode import open_null_device
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.memory import keep_freed_memory, release_freed_memory
from web_image_ocr.serving.installed_code import fingerprint
from web_image_ocr.serving.messages import (
    Answer,
    Job,
    Ready,
    receive_job,
    receive_start,
    send_answer,
    send_ready,
)
from web_image_ocr.serving.sandbox import enter_sandbox


def serve_jobs(pipe: Connection) -> None:
    """Load the models, enter the sandbox, send ``Ready``, then answer jobs until the pipe closes.

    If loading fails, send the ``ServiceError`` in place of ``Ready`` and return.
    """
    keep_freed_memory()
    with contextlib.suppress(EOFError, OSError):  # the server has closed the pipe
        start = receive_start(pipe)
        try:
            engine = Engine(start.engine_config)
        except ServiceError as error:
            send_answer(pipe, error)
            return
        _warm_up(engine)
        release_freed_memory()  # loading takes more memory than the models
        code = fingerprint()  # after all imports
        os.dup2(open_null_device(), 2)  # so that it cannot forge log records
        unconfined = enter_sandbox() if start.sandbox else "serving.sandbox is off"
        send_ready(pipe, Ready(code, unconfined))
        while True:
            send_answer(pipe, _answer(engine, start.limits, receive_job(pipe)))


def _warm_up(engine: Engine) -> None:
    """Trigger all lazy imports and file accesses, which the sandbox would block later."""
    import numpy.ma  # noqa: F401, PLC0415 - np.median imports it for some arrays

    open_null_device()
    engine.recognize(np.full((64, 64, 3), 255, np.uint8))


def _answer(engine: Engine, limits: ImageLimits, job: Job) -> Answer:
    try:
        return recognize_image(
            engine, limits, job.image, job.options, cores=job.cores, deadline=job.deadline
        )
    except ServiceError as error:
        return error


def recognize_image(
    engine: Engine,
    limits: ImageLimits,
    image: bytes,
    options: RecognitionOptions,
    *,
    cores: int | None = None,
    deadline: Deadline | None = None,
) -> Page:
    """Return the text of one image file; its timings include the stage ``decode``.

    Raises:
        ServiceError: as ``images.decode`` and ``Engine.recognize``; ``RECOGNITION_FAILED`` if a
            decoder raises anything else.
    """
    deadline = deadline or Deadline.never()
    started = time.perf_counter()
    try:
        pixels = decode(image, limits).pixels
    except ServiceError:
        raise
    except Exception as error:
        raise ServiceError(
            ErrorKind.RECOGNITION_FAILED, f"decoding raised {type(error).__name__}"
        ) from error
    decoded = time.perf_counter() - started
    deadline.check()
    page = engine.recognize(pixels, options, cores=cores, deadline=deadline)
    return replace(page, timings={"decode": decoded, **page.timings})
