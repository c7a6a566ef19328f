"""Writes the golden results anew and prints what has changed: ``python -m tests.golden``."""

from __future__ import annotations

import sys

from tests.golden import fonts, results
from tests.golden.pictures import CASES
from web_image_ocr import Engine


def main() -> int:
    if fonts.missing():
        print(f"fonts are missing; as root: apt-get install {' '.join(fonts.packages())}")
        return 1
    kept = results.load()[0] if results.FILE.exists() else {}
    engine = Engine(results.CONFIG)
    found: dict[str, results.Lines] = {}
    for name, case in CASES.items():
        board = case.draw()
        found[name] = results.read(engine, board, case)
        share = results.share_right(board.lines, [line.text for line in found[name]])
        verdict = "" if share >= case.right else f", TOO LITTLE: {case.right} is wanted"
        print(f"{name}: {share:.4f} right{verdict}")
        for sentence in results.differences(kept.get(name, []), found[name]):
            print(f"  {sentence}")
    results.save(found, fonts.digests())
    return 0


if __name__ == "__main__":
    sys.exit(main())
