"""The narrow waist between HTTP and recognition."""

from __future__ import annotations

from typing import Protocol

from web_image_ocr.engine.page import Page, RecognitionOptions
from web_image_ocr.primitives.deadline import Deadline


class Recognizer(Protocol):
    """Reads pictures: worker processes here, a cluster there, a double in tests."""

    async def recognize(
        self, picture: bytes, options: RecognitionOptions, deadline: Deadline, project_id: str
    ) -> Page:
        """The text of one picture file.

        Args:
            picture: the file's bytes, in one of the accepted formats.
            options: what the caller asked for.
            deadline: when the answer is of no more use.
            project_id: whose call it is, any text: projects take turns when there are more calls
                than workers, and what one asked is kept from the others.

        Raises:
            ServiceError: ``FORMAT_UNSUPPORTED``, ``IMAGE_SIZE`` for the picture;
                ``RECOGNITION_FAILED`` when the engine raised on it; ``OVERLOADED`` when
                too many wait; ``DEADLINE_EXCEEDED`` when too slow;
                ``ENGINE_UNAVAILABLE`` when no worker could finish it.
        """
        ...

    def ready(self) -> bool:
        """Whether a picture handed in now would be read."""
        ...
