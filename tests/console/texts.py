"""Read the texts of the console from its files."""

from __future__ import annotations

import json
import re
from pathlib import Path

import web_image_ocr

STATIC = Path(web_image_ocr.__file__).parent / "console" / "static"
LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
"""Languages with a browser locale that selects each."""

_ENTRY = re.compile(r'^  (?:"([\w.]+)"|(\w+)): ("(?:[^"\\]|\\.)*"),$')


def load_texts(language: str) -> dict[str, str]:
    """Return the texts of a language by key; fail on lines that are not entries."""
    files = [STATIC / "js" / "locales" / f"{language}{part}.js" for part in ("", "-errors")]
    texts: dict[str, str] = {}
    for path in files:
        lines = path.read_text(encoding="utf-8").splitlines()
        body = lines[lines.index("export default {") + 1 : lines.index("};")]
        entries = [(line, _ENTRY.match(line)) for line in body if line]
        assert all(match for _, match in entries), [line for line, match in entries if not match]
        texts |= {match[1] or match[2]: json.loads(match[3]) for _, match in entries if match}
    return texts
