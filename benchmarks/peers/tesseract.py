"""Adapt the command ``tesseract``, languages ``chi_sim+eng``; run in the benchmark's Python.

The command accepts files, so it gets an uncompressed PPM on its standard input. Its time includes
its start.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from itertools import groupby

from benchmarks.peers.protocol import Line, Pixels, serve, upright_quad

_LANGUAGES = ("chi_sim", "eng")
_WORD_LEVEL = "5"  # of table rows that hold a word


class Tesseract:
    """Run Tesseract with its default page segmentation."""

    def __init__(self) -> None:
        command = shutil.which("tesseract")
        if command is None:
            sys.exit("tesseract is not installed (Debian: tesseract-ocr, tesseract-ocr-chi-sim)")
        self._command = command
        missing = set(_LANGUAGES) - set(self._run("--list-langs").split())
        if missing:
            sys.exit(f"tesseract lacks the languages {', '.join(sorted(missing))}")

    def prepare(self, pixels: Pixels) -> bytes:
        """Return the image as a PPM file."""
        height, width = pixels.shape[:2]
        return b"P6 %d %d 255\n" % (width, height) + pixels.tobytes()

    def read(self, image_file: bytes) -> list[Line]:
        """Return Tesseract's lines with the mean confidence of their words."""
        table = self._run("-", "-", "-l", "+".join(_LANGUAGES), "tsv", "quiet", file=image_file)
        rows = csv.DictReader(table.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
        words = [row for row in rows if row["level"] == _WORD_LEVEL and row["text"].strip()]
        return [_line(list(group)) for _, group in groupby(words, key=_line_number)]

    def versions(self) -> dict[str, str]:
        """Return the version of the command."""
        return {"tesseract": self._run("--version").split()[1]}

    def _run(self, *arguments: str, file: bytes = b"") -> str:
        process = subprocess.run(
            [self._command, *arguments], input=file, stdout=subprocess.PIPE, check=True
        )
        return process.stdout.decode("utf-8")


def _line_number(row: dict[str, str]) -> tuple[str, ...]:
    return row["block_num"], row["par_num"], row["line_num"]


def _line(words: list[dict[str, str]]) -> Line:
    left, top = (min(int(word[side]) for word in words) for side in ("left", "top"))
    right = max(int(word["left"]) + int(word["width"]) for word in words)
    bottom = max(int(word["top"]) + int(word["height"]) for word in words)
    return Line(
        text=" ".join(word["text"] for word in words),
        quad=upright_quad(left, top, right, bottom),
        confidence=sum(float(word["conf"]) for word in words) / len(words) / 100,
    )


if __name__ == "__main__":
    serve(Tesseract)
