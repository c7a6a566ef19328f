"""Check the content of the console's static files."""

from __future__ import annotations

import re

from tests.console.texts import LANGUAGES, STATIC, load_texts
from web_image_ocr.api.wire.errors import TABLE

SCRIPTS = sorted(STATIC.rglob("*.js"))


def test_languages_have_the_same_keys_and_placeholders() -> None:
    """Plural forms differ: English has two, Chinese one."""
    found = {language: load_texts(language) for language in LANGUAGES}
    keys = {
        language: {re.sub(r"\.(one|other)$", "", key) for key in texts}
        for language, texts in found.items()
    }
    assert keys["en"] == keys["zh"]
    for key in found["en"].keys() & found["zh"].keys():
        names = [set(re.findall(r"\{\w+\}", found[language][key])) for language in LANGUAGES]
        assert names[0] == names[1], key


def test_every_used_key_has_a_text() -> None:
    """The browser tests cover keys composed at run time."""
    texts = load_texts("en")
    known = {re.sub(r"\.(one|other)$", "", key) for key in texts}
    used = {
        key
        for path in SCRIPTS
        for key in re.findall(r'\bt\(\s*"([\w.]+)"', path.read_text("utf-8"))
    }
    assert len(used) > 100
    assert used - known == set()


def test_no_api_that_parses_markup_is_used() -> None:
    """The content security policy blocks these in the browser; forbid them in the source too."""
    sinks = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    )
    assert [path.name for path in SCRIPTS if sinks.search(path.read_text("utf-8"))] == []


def test_no_other_host_is_referenced() -> None:
    for path in STATIC.rglob("*"):
        if path.suffix in {".js", ".css", ".html", ".svg"}:
            hosts = set(re.findall(r"https?://([\w.-]+\w)", path.read_text("utf-8")))
            # w3.org is a namespace; the others are shown in texts.
            assert hosts <= {"www.w3.org", "127.0.0.1", "localhost"}, path


def test_every_error_code_has_title_and_advice() -> None:
    """Texts exist by code and status, or by code alone."""
    texts = load_texts("en")
    unexplained = {
        (row.code, row.status)
        for row in TABLE.values()
        for part in ("title", "advice")
        if not {f"error.{row.code}.{row.status}.{part}", f"error.{row.code}.{part}"} & texts.keys()
    }
    assert unexplained == set()
