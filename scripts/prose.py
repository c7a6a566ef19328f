"""Check prose against the language rules of this project.

Run as ``python -m scripts.prose [PATH ...]``, without a path for the whole repository. Checked
are Markdown outside code, docstrings and comments of Python, the strings of `src` (help, errors,
log) and the console's texts. Each finding is one line; the exit status is 1 if there are any.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
LONGEST_SENTENCE = 25
"""Words of a sentence in Markdown. Numbers and parentheses do not count; a code span is a word."""

BANNED = (
    r"anew|mend|mends|mended|mending|lest|afar|dear|whoever|thereof|of its own|at work|for good|"
    r"is told|are told|told by|gives? leave|looks? after|be had|is spared|are spared|lies|"
    r"of \d+ bits|what it withstands|(?-i:none is)|as well as may be|(?<!there.)is no(?! longer)|"
    r"some \d+|the one that|of which"
)
GLOSSARY = {  # a word that is not ours: the word for it
    r"pictures?": "image",
    r"clarity": "confidence",
    r"rims?": "border",
    r"askew": "skewed",
    r"carried models?": "bundled model",
    r"numbers of 8 bits": "INT8 quantization",
    r"kept pages?": "page cache",
    r"shared runs?": "single-flight",
    r"ended tokens?": "revoked token",
    r"un-?proved|unproven": "unauthenticated",
    r"damaged calls?": "fuzzing",
}
EXEMPT = {  # a path: the reason
    "scripts/prose.py": "it names the words",
    "tests/unit/scripts/test_prose.py": "it tests the rules",
}
_WORDS = re.compile(
    rf"(?<![\w.-])(?:{'|'.join([BANNED, *GLOSSARY])})(?![\w-]|\.\w)".replace(" ", r"\s+"),
    re.IGNORECASE,
)
_CODE = re.compile(r"(`+)(?!`).+?\1|(?m:^ +\w+:(?= ))", re.DOTALL)  # or an attribute's name
_FENCED = re.compile(r"^( *)(```|~~~).*?^\1\2|<!--.*?-->", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[([^\]]*)\](\([^)]*\))")
_BLOCK = re.compile(r"\n\s*\n|\n(?= *(?:[-*|#>]|\d+\.) ?)|\|")
_COMMENT = re.compile(r"(?<!\S)# .*")
_JS_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"|`[^`]*`')


def main() -> int:
    """Print the findings and return the exit status."""
    found = [
        f"{path.relative_to(ROOT)}:{line}: {message}"
        for name in sys.argv[1:] or ["."]
        for path in _files(name)
        for line, message in check(path)
    ]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


def check(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and message of each finding in a file."""
    text = path.read_text(encoding="utf-8")
    for start, fragment in _PARTS[path.suffix](text, path):
        prose = _CODE.sub(_blank, fragment)
        for hit in _WORDS.finditer(prose):
            words, line = " ".join(hit[0].split()), start + prose.count("\n", 0, hit.start())
            better = [
                use for word, use in GLOSSARY.items() if re.fullmatch(word, words, re.IGNORECASE)
            ]
            advice = f"say '{better[0]}'" if better else "do not use"
            yield line, f"'{words}': {advice}"
    if path.suffix == ".md":
        yield from long_sentences(text)


def long_sentences(page: str) -> Iterator[tuple[int, str]]:
    """Yield line and message of each sentence with too many words."""
    prose = _CODE.sub(lambda code: "x" + "\n" * code[0].count("\n"), _FENCED.sub(_blank, page))
    prose = _LINK.sub(_link_text, prose)
    at = 0
    for block in [*_BLOCK.finditer(prose), None]:
        end = block.start() if block else len(prose)
        flat = re.sub(r"\([^()]*\)", _blank, prose[at:end])
        begin = 0
        for stop in [*re.finditer(r"[.!?:][\"'*_)]*\s", flat), None]:
            words = re.findall(r"\S*[^\W\d_]\S*", flat[begin : stop.start() if stop else len(flat)])
            if len(words) > LONGEST_SENTENCE:
                line = prose.count("\n", 0, at + begin) + 1
                yield line, f"{len(words)} words in one sentence: {' '.join(words[:6])} ..."
            begin = stop.end() if stop else begin
        at = block.end() if block else at


def _markdown(text: str, _: Path) -> Iterator[tuple[int, str]]:
    yield 1, _LINK.sub(_link_text, _FENCED.sub(_blank, text))


def _python(text: str, path: Path) -> Iterator[tuple[int, str]]:
    nodes = list(ast.walk(ast.parse(text)))
    prose = {node.value for node in nodes if isinstance(node, ast.Expr)}  # docstrings
    if path.is_relative_to(ROOT / "src"):
        prose |= {node for node in nodes if isinstance(node, ast.Constant)}
    for node in prose:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            yield node.lineno, node.value
    yield from _matches(_COMMENT, text)


def _script(text: str, _: Path) -> Iterator[tuple[int, str]]:
    yield from _matches(_JS_STRING, text)


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, str]]:
    for found in pattern.finditer(text):
        if " " in found[0]:
            yield text.count("\n", 0, found.start()) + 1, found[0]


def _blank(found: re.Match[str]) -> str:
    return re.sub(r"[^\n]", " ", found[0])


def _link_text(link: re.Match[str]) -> str:
    return link[1] + "\n" * link[2].count("\n")


_PARTS = {".md": _markdown, ".py": _python, ".js": _script}


def _files(name: str) -> Iterator[Path]:
    command = ["git", "ls-files", "-co", "--exclude-standard", "--", name]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    for path in sorted(ROOT / line for line in listed.stdout.splitlines()):
        known = path.suffix in {".md", ".py"} or path.parent.name == "words"
        if known and path.exists() and str(path.relative_to(ROOT)) not in EXEMPT:
            yield path


if __name__ == "__main__":
    sys.exit(main())
