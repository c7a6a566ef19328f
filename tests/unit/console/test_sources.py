"""What the console's files hold, and what may not be in them."""

from __future__ import annotations

import re

from tests.console.words import LANGUAGES, STATIC, words_of
from web_image_ocr.api.wire.errors import TABLE

SCRIPTS = sorted(STATIC.rglob("*.js"))


def test_the_languages_have_the_same_keys_and_values() -> None:
    """A key with a plural has the forms that its language needs: English two, Chinese one."""
    found = {language: words_of(language) for language in LANGUAGES}
    keys = {
        language: {re.sub(r"\.(one|other)$", "", key) for key in words}
        for language, words in found.items()
    }
    assert keys["en"] == keys["zh"]
    for key in found["en"].keys() & found["zh"].keys():
        names = [set(re.findall(r"\{\w+\}", found[language][key])) for language in LANGUAGES]
        assert names[0] == names[1], key


def test_every_key_that_is_said_has_words() -> None:
    """Keys that are put together at run time are seen by the browser's tests."""
    words = words_of("en")
    known = {re.sub(r"\.(one|other)$", "", key) for key in words}
    said = {
        key
        for path in SCRIPTS
        for key in re.findall(r'say\(\s*"([\w.]+)"', path.read_text("utf-8"))
    }
    assert len(said) > 100
    assert said - known == set()


def test_no_text_can_become_markup() -> None:
    """The policy forbids these in the browser; here they are forbidden in the source."""
    sinks = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    )
    assert [path.name for path in SCRIPTS if sinks.search(path.read_text("utf-8"))] == []


def test_nothing_is_named_on_another_host() -> None:
    for path in STATIC.rglob("*"):
        if path.suffix in {".js", ".css", ".html", ".svg"}:
            hosts = set(re.findall(r"https?://([\w.-]+\w)", path.read_text("utf-8")))
            # A namespace's name is no address; the others are shown to people.
            assert hosts <= {"www.w3.org", "127.0.0.1", "localhost"}, path


def test_every_code_of_the_service_is_explained() -> None:
    """What happened, and what to do: by code and status, or by code alone."""
    words = words_of("en")
    unexplained = {
        (row.code, row.status)
        for row in TABLE.values()
        for part in ("what", "do")
        if not {f"error.{row.code}.{row.status}.{part}", f"error.{row.code}.{part}"} & words.keys()
    }
    assert unexplained == set()
