"""Password hashes: the real cost, the same for nobody, and a bounded number at once."""

from __future__ import annotations

import threading
import time

import argon2
import pytest

from web_image_ocr.identity import passwords
from web_image_ocr.identity.passwords import Hasher, PasswordHashes, generated_password

REAL_COST = passwords.HASH_COST


def test_a_hash_matches_its_password_only() -> None:
    hasher = Hasher()
    encoded = hasher.hash("correct horse")
    assert hasher.matches(encoded, "correct horse")
    assert not hasher.matches(encoded, "correct horsf")
    assert not hasher.matches("damaged", "correct horse")
    assert not hasher.matches(None, "correct horse")


def test_the_cost_is_the_standards_and_nobody_costs_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "HASH_COST", REAL_COST)
    hasher = Hasher()
    real = argon2.extract_parameters(hasher.hash("correct horse"))
    nobody = argon2.extract_parameters(hasher._nobody)
    assert real == nobody == argon2.profiles.RFC_9106_LOW_MEMORY
    assert real.type is argon2.Type.ID
    assert not hasher.matches(None, "correct horse")


def test_no_more_turns_at_once_than_allowed() -> None:
    hashes = PasswordHashes(2)
    counted = threading.Lock()
    running, most = 0, 0

    def work() -> None:
        nonlocal running, most
        with hashes.turn():
            with counted:
                running += 1
                most = max(most, running)
            time.sleep(0.01)
            with counted:
                running -= 1

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


def test_generated_passwords_differ() -> None:
    drawn = {generated_password() for _ in range(100)}
    assert len(drawn) == 100
    assert all(len(password) == 24 and password.isalnum() for password in drawn)
