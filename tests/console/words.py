"""The console's words, as its files hold them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import web_image_ocr

STATIC = Path(web_image_ocr.__file__).parent / "console" / "static"
LANGUAGES = {"en": "en-US", "zh": "zh-CN"}
"""Each language with the locale of a browser that asks for it."""

_ENTRY = re.compile(r'^  (?:"([\w.]+)"|(\w+)): ("(?:[^"\\]|\\.)*"),$')


def words_of(language: str) -> dict[str, str]:
    """All words of a language by key; a line that is neither an entry nor a comment fails."""
    files = [STATIC / "js" / "words" / f"{language}{part}.js" for part in ("", "-errors")]
    words: dict[str, str] = {}
    for path in files:
        lines = path.read_text(encoding="utf-8").splitlines()
        body = lines[lines.index("export default {") + 1 : lines.index("};")]
        entries = [(line, _ENTRY.match(line)) for line in body if line]
        assert all(match for _, match in entries), [line for line, match in entries if not match]
        words |= {match[1] or match[2]: json.loads(match[3]) for _, match in entries if match}
    return words
