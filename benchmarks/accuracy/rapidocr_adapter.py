"""Runs inside the peer's own Python: pictures by path in, lines of text out, as JSON lines.

The peer runs with its default settings.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import numpy as np


def main() -> None:
    # The peer logs to standard output; the answers go to a copy of it that it does not know.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    from rapidocr import RapidOCR  # noqa: PLC0415 - not before standard output is safe

    engine = RapidOCR(params={"Global.log_level": "error"})
    engine(np.full((320, 320, 3), 255, np.uint8))
    for line in sys.stdin:
        question = json.loads(line)
        answer = _read(engine, question["picture"]) if question else {}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _read(engine: Any, path: str) -> dict[str, Any]:
    bgr = np.ascontiguousarray(np.load(path)[:, :, ::-1])
    started = time.perf_counter()
    result = engine(bgr)
    seconds = time.perf_counter() - started
    texts = result.txts or ()
    quads = [] if result.boxes is None else np.asarray(result.boxes, dtype=float).tolist()
    lines = [{"text": text, "quad": quad} for text, quad in zip(texts, quads, strict=True)]
    return {"lines": lines, "seconds": seconds}


if __name__ == "__main__":
    main()
