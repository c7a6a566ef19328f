"""Define the interface between HTTP and recognition."""

from __future__ import annotations

from typing import Protocol

from web_image_ocr.engine.page import Page, RecognitionOptions
from web_image_ocr.primitives.deadline import Deadline


class Recognizer(Protocol):
    """Recognize images: a worker pool or a cache in the product, a fake in tests."""

    async def recognize(
        self, image: bytes, options: RecognitionOptions, deadline: Deadline, project_id: str
    ) -> Page:
        """Return the text of one image file.

        Args:
            image: the file's bytes, in one of the accepted formats.
            options: what the caller asked for.
            deadline: when the caller stops waiting.
            project_id: project of the call, any text. Projects are scheduled round robin and
                share no cached results.

        Raises:
            ServiceError: ``FORMAT_UNSUPPORTED`` or ``IMAGE_SIZE`` for an image that is refused;
                ``RECOGNITION_FAILED`` if the engine raised on it; ``OVERLOADED`` if the
                queue is full; ``DEADLINE_EXCEEDED`` if it took too long;
                ``ENGINE_UNAVAILABLE`` if no worker could finish it.
        """
        ...

    def ready(self) -> bool:
        """Return whether a call made now could be answered."""
        ...
