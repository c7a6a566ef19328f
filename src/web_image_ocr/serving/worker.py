"""What runs in a worker process: bytes in, a Page or an error out, over one pipe."""

from __future__ import annotations

import contextlib
import signal
import time
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection

from web_image_ocr.engine import Engine, EngineConfig
from web_image_ocr.engine.values import Page, RecognitionOptions
from web_image_ocr.images import ImageLimits, decode
from web_image_ocr.primitives.deadline import Deadline
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.primitives.memory import hand_back_freed_memory, keep_freed_memory
from web_image_ocr.primitives.parent import end_with_parent


@dataclass(frozen=True, slots=True)
class Job:
    """One picture to read.

    Attributes:
        picture: the file's bytes.
        options: what the caller asked for.
        deadline: when the answer is of no more use.
        cores: how many cores the job may use, 1 or more.
    """

    picture: bytes
    options: RecognitionOptions
    deadline: Deadline
    cores: int


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker's first message: its models are loaded."""


Answer = Page | ServiceError
"""A worker's answer to a job."""


def serve_jobs(pipe: Connection, engine_config: EngineConfig, limits: ImageLimits) -> None:
    """Load the models, say ``Ready``, then answer jobs until the other end closes.

    A start that fails is answered with the ``ServiceError`` in place of ``Ready``.
    Signals that stop the server are left to it: it ends its workers. Where it is killed
    itself, the system does so.
    """
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    keep_freed_memory()
    with contextlib.suppress(EOFError, OSError):  # the other end is gone: nobody waits
        try:
            engine = Engine(engine_config)
        except ServiceError as error:
            pipe.send(error)
            return
        hand_back_freed_memory()  # models take more while they load
        pipe.send(Ready())
        while True:
            job: Job = pipe.recv()
            pipe.send(_answer(engine, limits, job))


def _answer(engine: Engine, limits: ImageLimits, job: Job) -> Answer:
    try:
        return read_picture(
            engine, limits, job.picture, job.options, cores=job.cores, deadline=job.deadline
        )
    except ServiceError as error:
        return error


def read_picture(
    engine: Engine,
    limits: ImageLimits,
    picture: bytes,
    options: RecognitionOptions,
    *,
    cores: int | None = None,
    deadline: Deadline | None = None,
) -> Page:
    """The text of one picture file; decoding is a stage of its own in the timings.

    Raises:
        ServiceError: as ``images.decode`` and ``Engine.recognize`` do; a decoder that raises
            anything else is ``RECOGNITION_FAILED``.
    """
    deadline = deadline or Deadline.never()
    started = time.perf_counter()
    try:
        pixels = decode(picture, limits).pixels
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
