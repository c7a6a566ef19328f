"""What a line says."""

from __future__ import annotations

from collections.abc import Sequence

from web_image_ocr.engine.ctc import Reading, decode
from web_image_ocr.engine.sessions import Session
from web_image_ocr.engine.tensors import to_tensor
from web_image_ocr.primitives.image import Pixels


def read_line(session: Session, line: Pixels, characters: Sequence[str]) -> Reading:
    """The text of one line laid flat, (48, W, 3).

    Lines are run one by one at their own width: no padding is computed, and a line's
    reading depends on nothing but itself.
    """
    return decode(session.run(to_tensor(line))[0], characters)
