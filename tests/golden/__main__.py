"""Rewrite the golden results and print what changed: ``python -m tests.golden``."""

from __future__ import annotations

import sys

from tests.golden import fonts, results
from tests.golden.cases import CASES
from web_image_ocr import Engine


def main() -> int:
    if fonts.missing():
        print(fonts.install_hint())
        return 1
    stored = results.load()[0] if results.FILE.exists() else {}
    engine = Engine(results.CONFIG)
    found: dict[str, results.Lines] = {}
    for name, case in CASES.items():
        canvas = case.draw()
        found[name] = results.recognize(engine, canvas, case)
        share = results.share_right(canvas.lines, [line.text for line in found[name]])
        verdict = "" if share >= case.right else f", below the required {case.right}"
        print(f"{name}: {share:.4f} right{verdict}")
        for difference in results.differences(stored.get(name, []), found[name]):
            print(f"  {difference}")
    results.save(found, fonts.digests())
    return 0


if __name__ == "__main__":
    sys.exit(main())
