"""Test that passwords that are easy to guess are rejected with a reason."""

from __future__ import annotations

import subprocess
import sys

import pytest
import zxcvbn_rs_py
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.identity import PASSWORD, refused
from web_image_ocr.identity.password_strength import MAX_ESTIMATED_LENGTH, check_strength
from web_image_ocr.identity.passwords import check_format, generated_password
from web_image_ocr.primitives.errors import ErrorKind, ServiceError

HOSTILE = "4@8({[<3691!|05$7%2+/xX"
"""Characters that stand for letters: the most expensive text for zxcvbn."""

NAME = "it is made of the name of the user or the account"


def check_new_password(password: str, *names: str) -> None:
    check_format(password)
    check_strength(password, names)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("12345678", "this is a top-10 common password"),
        ("qwertyuiop", "this is a top-100 common password"),
        ("P@ssw0rd", "this is similar to a commonly used password"),
        ("aaaaaaaaaaaa", 'repeats like "aaa" are easy to guess'),
        ("xyzxyzxyz", 'repeats like "abcabcabc" are only slightly harder'),
        ("abcdefghijkl", "sequences like abc or 6543 are easy to guess"),
        ("87654321", "this is similar to a commonly used password"),
        ("wojciechowa", NAME),
        ("Wojciechowa1", NAME),
        ("tarnobrzeg-123", NAME),
        ("WOJCIECHOWA@Tarnobrzeg", NAME),
        ("W0jc1ech0wa", "it is short and predictable"),
        ("\udc80aaaaaaaa", "valid Unicode"),
    ],
)
def test_refused_with_the_reason(password: str, reason: str) -> None:
    with refused(ErrorKind.IDENTITY_REQUEST_INVALID) as caught:
        check_new_password(password, "wojciechowa", "tarnobrzeg")
    assert reason in str(caught.value)
    assert password not in str(caught.value)


@pytest.mark.parametrize(
    "password",
    [PASSWORD, "x7Kq2mVp", "zebra-quilt", "correct horse", "我的密码很长很长", "y" * 3 + "Zq8!r"],
)
def test_accepted(password: str) -> None:
    check_new_password(password, "wojciechowa", "tarnobrzeg")


def test_the_estimate_of_a_long_text_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    estimate = zxcvbn_rs_py.zxcvbn

    def noted(text: str, names: list[str]) -> object:
        seen.append(text)
        return estimate(text, names)

    monkeypatch.setattr(zxcvbn_rs_py, "zxcvbn", noted)
    check_new_password(HOSTILE * 40, "admin", "default")
    assert seen == [(HOSTILE * 2)[:MAX_ESTIMATED_LENGTH]]


def test_generated_passwords_are_accepted() -> None:
    for _ in range(20):
        check_new_password(generated_password(), "admin", "default")


@settings(deadline=None, max_examples=200)  # a busy machine is not a failure
@given(st.text(max_size=1100), st.text(max_size=64))
def test_any_text_is_accepted_or_refused_in_the_one_way(password: str, name: str) -> None:
    caught = None
    try:
        check_new_password(password, name)
    except ServiceError as error:
        caught = error.kind
    assert caught in {None, ErrorKind.IDENTITY_REQUEST_INVALID}


def test_the_dictionaries_are_loaded_only_when_needed() -> None:
    script = "import sys, web_image_ocr.identity as i; print('zxcvbn_rs_py' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
