"""What the engine gives for a picture, kept in a file, and compared with it.

Processors round differently: ONNX Runtime picks other kernels for other instruction sets, which
moves probabilities in their last digits. A pixel of the detector's map at a threshold can then
fall on the other side and move a corner, and a character that is doubtful can be read as another
one. So corners may move by ``CORNERS`` pixels, confidences by ``CONFIDENCE``, and a line below
``DOUBTFUL`` may be read otherwise or not at all; all other lines must be the same, in the same
order.
"""

from __future__ import annotations

import io
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path

from tests.golden.board import Board
from tests.golden.pictures import Case
from web_image_ocr import Engine, EngineConfig, TextLine
from web_image_ocr.engine.page import Quad
from web_image_ocr.images import ImageLimits, decode

CONFIG = EngineConfig(threads=2, precision="float32")
"""What reads them: numbers of 8 bits are for some processors only."""

FILE = Path(__file__).parent / "results.json"

CORNERS = 3
CONFIDENCE = 0.05
DOUBTFUL = 0.5

Lines = Sequence[TextLine]


def read(engine: Engine, board: Board, case: Case) -> Lines:
    """What the engine finds on a picture that went through a PNG file."""
    file = io.BytesIO()
    board.image.save(file, "PNG")
    picture = decode(file.getvalue(), ImageLimits.for_edition("2021"))
    return engine.recognize(picture.pixels, case.options).lines


def load() -> tuple[dict[str, Lines], dict[str, str]]:
    """The kept lines by the picture's name, and the SHA-256 of the fonts they were drawn with."""
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    pictures: dict[str, Lines] = {
        name: [
            TextLine(text=text, confidence=confidence, quad=_quad(corners))
            for text, confidence, corners in lines
        ]
        for name, lines in kept["pictures"].items()
    }
    return pictures, kept["fonts"]


def _quad(corners: list[list[int]]) -> Quad:
    a, b, c, d = ((float(x), float(y)) for x, y in corners)
    return a, b, c, d


def save(pictures: Mapping[str, Lines], fonts: Mapping[str, str]) -> None:
    """Writes the file: a line of text on one line, so that changes can be read."""
    listed = ",\n".join(
        f'  "{name}": [\n' + ",\n".join(f"   {_as_json(line)}" for line in lines) + "\n  ]"
        for name, lines in pictures.items()
    )
    fonts_text = json.dumps(fonts, indent=1).replace("\n", "\n ")
    FILE.write_text(
        f'{{\n "fonts": {fonts_text},\n "pictures": {{\n{listed}\n }}\n}}\n', encoding="utf-8"
    )


def _as_json(line: TextLine) -> str:
    corners = [[round(x), round(y)] for x, y in line.quad]
    return json.dumps([line.text, round(line.confidence, 2), corners], ensure_ascii=False)


def differences(kept: Lines, found: Lines) -> list[str]:
    """What is not the same within the tolerance, a sentence each."""
    matcher = SequenceMatcher(
        None, [line.text for line in kept], [line.text for line in found], autojunk=False
    )
    said: list[str] = []
    for kind, first, end, found_first, found_end in matcher.get_opcodes():
        before, now = kept[first:end], found[found_first:found_end]
        if kind == "equal":
            for one, other in zip(before, now, strict=True):
                said += _moved(one, other)
            continue
        said += [f"- {_shown(line)}" for line in before if line.confidence >= DOUBTFUL]
        said += [f"+ {_shown(line)}" for line in now if line.confidence >= DOUBTFUL + CONFIDENCE]
    return said


def _moved(kept: TextLine, found: TextLine) -> Iterable[str]:
    furthest = max(
        max(abs(x - other_x), abs(y - other_y))
        for (x, y), (other_x, other_y) in zip(kept.quad, found.quad, strict=True)
    )
    if furthest > CORNERS:
        yield f"  {kept.text!r}: a corner moved by {furthest:.1f} px"
    if abs(kept.confidence - found.confidence) > CONFIDENCE:
        yield f"  {kept.text!r}: confidence {kept.confidence:.2f} is now {found.confidence:.2f}"


def _shown(line: TextLine) -> str:
    left, top = line.quad[0]
    return f"{line.text!r} ({line.confidence:.2f}) at {left:.0f}, {top:.0f}"


def share_right(drawn: Sequence[str], found: Sequence[str]) -> float:
    """Characters read as drawn and in the order drawn, twice, of all drawn and all read.

    NFKC; spaces do not count. 1 means that all of the text was read and nothing else.
    """
    one, other = (
        "".join(unicodedata.normalize("NFKC", "".join(lines)).split()) for lines in (drawn, found)
    )
    return SequenceMatcher(None, one, other, autojunk=False).ratio()
