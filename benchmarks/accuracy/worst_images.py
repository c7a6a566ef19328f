"""Show the images with the largest loss on one HTML page.

The page contains images and texts of the sets: keep it where git ignores it.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from html import escape

import cv2
import numpy as np

from benchmarks.accuracy.matching import Match, has_box, match_lines, outside_ignored
from benchmarks.accuracy.measure import Run, ScoredSample
from benchmarks.accuracy.report import Row
from benchmarks.dataset import Label, Points
from benchmarks.engines import FoundLine
from benchmarks.text import edit_distance, unspaced, word_bag
from web_image_ocr.primitives.pixels import Pixels

_WORST = 12  # images of a set; people do not look at more

_HEAD = """<!doctype html><meta charset="utf-8"><title>Worst images</title><style>
body { font: 15px sans-serif; margin: 2em; background: #f4f4f4 }
figure { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1em;
  margin: 0 0 2em; padding: 1em; background: white }
svg { width: 100%; max-height: 90vh } polygon { fill: transparent; stroke-width: 2;
  vector-effect: non-scaling-stroke } .read { stroke: #2a2 } .missed { stroke: #d22 }
.ignored { stroke: #999 } .matched { stroke: #27f; stroke-dasharray: 4 }
.unmatched { stroke: #f80 } dd { margin: 0 0 .6em; overflow-wrap: anywhere }
</style><p>Labels: green matched, red missed, grey not scored. Found lines: blue dashes matched,
orange unmatched. Hover over a box to see its text.</p>
"""


def page(sections: Iterable[str]) -> str:
    """Return the page as HTML."""
    return _HEAD + "\n".join(sections)


def section(row: Row, run: Run) -> str:
    """Return the images of a set on which an engine loses most of the main metric, as HTML."""

    def loss(scored: ScoredSample) -> float:
        part, whole = scored.shares[row.main]
        return whole - part

    worst = sorted(run.scored, key=loss, reverse=True)[:_WORST]
    figures = [_figure(scored) for scored in worst if loss(scored) > 0]
    return f"<h2>{escape(row.set_name)}: {escape(row.engine)}</h2>" + "\n".join(figures)


def _figure(scored: ScoredSample) -> str:
    sample = scored.sample
    found = outside_ignored(scored.lines, sample.labels)
    matches = match_lines(sample.labels, found)
    height, width = sample.pixels.shape[:2]
    drawing = [*_labels(sample.labels, matches), *_lines(found, matches)]
    return (
        f'<figure><svg viewBox="0 0 {width} {height}">'
        f'<image href="{_data_url(sample.pixels)}" width="{width}" height="{height}"/>'
        f"{''.join(drawing)}</svg><figcaption>{_words(scored, found, matches)}"
        f"</figcaption></figure>"
    )


def _labels(labels: Sequence[Label], matches: Iterable[Match]) -> list[str]:
    read = {at for pair in matches for at in pair.labels}
    return [
        _polygon(label.quad, _kind(label, read=at in read), label.text)
        for at, label in enumerate(labels)
        if label.quad is not None
    ]


def _kind(label: Label, *, read: bool) -> str:
    if not has_box(label):
        return "ignored"
    return "read" if read else "missed"


def _lines(found: Sequence[FoundLine], matches: Iterable[Match]) -> list[str]:
    matched = {pair.line for pair in matches}
    return [
        _polygon(line.quad, "matched" if at in matched else "unmatched", line.text)
        for at, line in enumerate(found)
    ]


def _polygon(quad: Points, kind: str, text: str) -> str:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in quad)
    return f'<polygon class="{kind}" points="{points}"><title>{escape(text)}</title></polygon>'


def _words(scored: ScoredSample, found: Sequence[FoundLine], matches: Sequence[Match]) -> str:
    labels = scored.sample.labels
    wanted = word_bag(label.text for label in labels if not label.ignore)
    read = word_bag(line.text for line in found)
    matched = {at for pair in matches for at in pair.labels}
    otherwise = [
        f"{pair.text} → {found[pair.line].text} ({found[pair.line].confidence or 0:.2f})"
        for pair in matches
        if pair.text is not None and edit_distance(pair.text, unspaced(found[pair.line].text)) > 0
    ]
    entries = {
        "Words missed": sorted((wanted - read).elements()),
        "Words invented": sorted((read - wanted).elements()),
        "Labels on no line": [
            label.text for at, label in enumerate(labels) if has_box(label) and at not in matched
        ],
        "Read otherwise": otherwise,
    }
    items = "".join(
        f"<dt><b>{title}</b></dt><dd>{escape(' · '.join(texts))}</dd>"
        for title, texts in entries.items()
        if texts
    )
    return f"<b>{escape(scored.sample.name)}</b><dl>{items}</dl>"


def _data_url(pixels: Pixels) -> str:
    bgr = np.ascontiguousarray(pixels[:, :, ::-1])
    _, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return "data:image/jpeg;base64," + base64.b64encode(encoded.tobytes()).decode("ascii")
