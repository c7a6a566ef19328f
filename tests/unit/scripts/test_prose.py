"""Tests of the checks of prose."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.prose import LONGEST_SENTENCE, check, long_sentences


def _findings(path: Path, text: str) -> list[tuple[int, str]]:
    path.write_text(text, encoding="utf-8")
    return list(check(path))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Written anew.", "'anew': do not use"),
        ("It lasts for\ngood.", "'for good': do not use"),
        ("This is no error.", "'is no': do not use"),
        ("Takes some 550 MB.", "'some 550': do not use"),
        ("A Picture is read.", "'Picture': say 'image'"),
        ("Fell to numbers of 8 bits.", "'numbers of 8 bits': say 'INT8 quantization'"),
    ],
)
def test_a_page_with_a_banned_word_is_found(tmp_path: Path, text: str, message: str) -> None:
    assert message in [found for _, found in _findings(tmp_path / "page.md", f"# Title\n\n{text}")]


@pytest.mark.parametrize(
    "text",
    [
        "`anew` and ``picture`` are code.",
        "```sh\nread anew\n```",
        "[a page](picture.md)",
        "This is no longer read, and there is no default.",
        "The file picture.png, and a pipeline.",
    ],
)
def test_code_links_and_other_words_pass(tmp_path: Path, text: str) -> None:
    assert _findings(tmp_path / "page.md", text) == []


def test_docstrings_and_comments_of_python_are_checked(tmp_path: Path) -> None:
    text = '"""Read a picture."""\n\nPICTURE = "a picture here"  # lest\n'
    assert sorted(_findings(tmp_path / "a.py", text)) == [
        (1, "'picture': say 'image'"),
        (3, "'lest': do not use"),
    ]


def test_names_of_attributes_are_code(tmp_path: Path) -> None:
    text = '"""Hold images.\n\nAttributes:\n    pictures: many. None is known.\n"""\n'
    assert _findings(tmp_path / "a.py", text) == []


def test_texts_of_the_console_are_checked(tmp_path: Path) -> None:
    text = 'export default {\n  "picture.title": "Your picture",\n};\n'
    assert _findings(tmp_path / "en.js", text) == [(2, "'picture': say 'image'")]


def test_long_sentences_are_found_in_paragraphs_lists_and_tables() -> None:
    fits, long = "word " * LONGEST_SENTENCE, "word " * (LONGEST_SENTENCE + 1)
    assert list(long_sentences(f"{fits}. {fits}.\n\n- {fits}\n- {fits}\n\n|{fits}|{fits}|\n")) == []
    for page in (f"Short.\n{long}", f"- a\n- {long}", f"|a|\n|{long}|"):
        assert [line for line, _ in long_sentences(page)] == [2]


def test_code_numbers_and_parentheses_do_not_make_a_sentence_long() -> None:
    fits = "word " * (LONGEST_SENTENCE - 1)
    assert (
        list(long_sentences(f"{fits} `several words of code` 12 34 (some words in brackets)."))
        == []
    )
