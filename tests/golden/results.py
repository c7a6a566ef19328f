"""Store the engine's results for the golden images, and compare with them.

CPUs round differently: ONNX Runtime selects kernels by instruction set, which changes the last
digits of probabilities. A pixel of the detector's map at a threshold may then move a corner, and a
doubtful character may change. So corners may move by ``MAX_CORNER_SHIFT_PX``, confidences by
``MAX_CONFIDENCE_CHANGE``, and lines below ``DOUBTFUL_CONFIDENCE`` may change or vanish. All other
lines must be the same, in the same order.
"""

from __future__ import annotations

import io
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from tests.golden.canvas import Canvas
from tests.golden.cases import Case
from web_image_ocr import Engine, EngineConfig, TextLine
from web_image_ocr.engine.page import Quad
from web_image_ocr.images import ImageLimits, decode

CONFIG = EngineConfig(threads=2, precision="float32")
"""float32: INT8 results depend on the CPU."""

FILE = Path(__file__).parent / "results.json"

MAX_CORNER_SHIFT_PX = 3
MAX_CONFIDENCE_CHANGE = 0.05
DOUBTFUL_CONFIDENCE = 0.5

Lines = Sequence[TextLine]


def recognize(engine: Engine, canvas: Canvas, case: Case) -> Lines:
    """Return the engine's lines for an image that went through a PNG file."""
    file = io.BytesIO()
    canvas.image.save(file, "PNG")
    image = decode(file.getvalue(), ImageLimits.for_edition("2021"))
    return engine.recognize(image.pixels, case.options).lines


def load() -> tuple[dict[str, Lines], dict[str, str]]:
    """Return the stored lines by image name, and the SHA-256 of the fonts used."""
    stored = json.loads(FILE.read_text(encoding="utf-8"))
    images: dict[str, Lines] = {
        name: [
            TextLine(text=text, confidence=confidence, quad=_quad(corners))
            for text, confidence, corners in lines
        ]
        for name, lines in stored["pictures"].items()
    }
    return images, stored["fonts"]


def _quad(corners: list[list[int]]) -> Quad:
    a, b, c, d = ((float(x), float(y)) for x, y in corners)
    return a, b, c, d


def save(images: Mapping[str, Lines], fonts: Mapping[str, str]) -> None:
    """Write the file with each line of text on one line, so that diffs are readable."""
    listed = ",\n".join(
        f'  "{name}": [\n' + ",\n".join(f"   {_as_json(line)}" for line in lines) + "\n  ]"
        for name, lines in images.items()
    )
    fonts_text = json.dumps(fonts, indent=1).replace("\n", "\n ")
    FILE.write_text(
        f'{{\n "fonts": {fonts_text},\n "pictures": {{\n{listed}\n }}\n}}\n', encoding="utf-8"
    )


def _as_json(line: TextLine) -> str:
    corners = [[round(x), round(y)] for x, y in line.quad]
    return json.dumps([line.text, round(line.confidence, 2), corners], ensure_ascii=False)


def differences(stored: Lines, found: Lines) -> list[str]:
    """Return the differences beyond the tolerance, a sentence each."""
    matcher = SequenceMatcher(
        None, [line.text for line in stored], [line.text for line in found], autojunk=False
    )
    said: list[str] = []
    for kind, first, end, found_first, found_end in matcher.get_opcodes():
        before, now = stored[first:end], found[found_first:found_end]
        if kind == "equal":
            for one, other in zip(before, now, strict=True):
                said += _moved(one, other)
            continue
        said += [f"- {_shown(line)}" for line in before if line.confidence >= DOUBTFUL_CONFIDENCE]
        said += [
            f"+ {_shown(line)}"
            for line in now
            if line.confidence >= DOUBTFUL_CONFIDENCE + MAX_CONFIDENCE_CHANGE
        ]
    return said


def _moved(stored: TextLine, found: TextLine) -> Iterable[str]:
    furthest = max(
        max(abs(x - other_x), abs(y - other_y))
        for (x, y), (other_x, other_y) in zip(stored.quad, found.quad, strict=True)
    )
    if furthest > MAX_CORNER_SHIFT_PX:
        yield f"  {stored.text!r}: a corner moved by {furthest:.1f} px"
    if abs(stored.confidence - found.confidence) > MAX_CONFIDENCE_CHANGE:
        yield f"  {stored.text!r}: confidence {stored.confidence:.2f} is now {found.confidence:.2f}"


def _shown(line: TextLine) -> str:
    left, top = line.quad[0]
    return f"{line.text!r} ({line.confidence:.2f}) at {left:.0f}, {top:.0f}"


def share_right(drawn: Sequence[str], found: Sequence[str]) -> float:
    """Return 2 * correct characters in order / (drawn + recognized), 0 to 1.

    Texts are compared after NFKC, without spaces.
    """
    one, other = (
        "".join(unicodedata.normalize("NFKC", "".join(lines)).split()) for lines in (drawn, found)
    )
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
