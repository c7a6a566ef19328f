"""Test password hashes: cost, unknown users, concurrency, low priority."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import argon2
import pytest

from web_image_ocr.identity import passwords
from web_image_ocr.identity.passwords import Hasher, HasherPool, generated_password

REAL_COST = passwords.HASH_COST


@pytest.fixture
def hasher() -> Iterator[Hasher]:
    with closing(HasherPool(1)) as hashes, hashes.slot() as hasher:
        yield hasher


def test_a_hash_matches_its_password_only(hasher: Hasher) -> None:
    encoded = hasher.hash("correct horse")
    assert hasher.matches(encoded, "correct horse")
    assert not hasher.matches(encoded, "correct horsf")
    assert not hasher.matches("damaged", "correct horse")
    assert not hasher.matches(None, "correct horse")


def test_the_cost_is_the_standards_and_nobody_costs_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(passwords, "HASH_COST", REAL_COST)
    with closing(HasherPool(1)) as hashes, hashes.slot() as hasher:
        _check_the_cost(hasher)


def _check_the_cost(hasher: Hasher) -> None:
    real = argon2.extract_parameters(hasher.hash("correct horse"))
    nobody = argon2.extract_parameters(hasher._unmatchable)
    assert real == nobody == argon2.profiles.RFC_9106_LOW_MEMORY
    assert real.type is argon2.Type.ID
    assert not hasher.matches(None, "correct horse")


def test_no_more_turns_at_once_than_allowed() -> None:
    hashes = HasherPool(2)
    assert hashes.size == 2
    counted = threading.Lock()
    running, most = 0, 0

    def work() -> None:
        nonlocal running, most
        with hashes.slot():
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


@pytest.mark.parametrize(("cores", "at_once"), [(1, 1), (2, 1), (7, 1), (8, 2), (64, 16)])
def test_one_hash_for_every_four_cores_by_default(
    monkeypatch: pytest.MonkeyPatch, cores: int, at_once: int
) -> None:
    monkeypatch.setattr(passwords, "HASH_COST", REAL_COST)
    monkeypatch.setattr(passwords, "available_cores", lambda: cores)
    with closing(HasherPool(0)) as hashes:
        assert hashes.size == at_once


def test_hashing_lets_other_threads_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def nice_value(*_: object) -> bool:
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return True

    monkeypatch.setattr(argon2.PasswordHasher, "verify", nice_value)
    usual = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    with closing(HasherPool(1)) as hashes, hashes.slot() as hasher:
        assert hasher.matches("encoded", "password")
    assert seen == [min(19, usual + passwords.NICE_INCREMENT)]
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == usual


def test_a_new_password_is_checked_at_low_priority(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def nice_value(*_: object) -> None:
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    monkeypatch.setattr(passwords, "check_strength", nice_value)
    usual = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    with closing(HasherPool(1)) as hashes, hashes.slot() as hasher:
        assert hasher.matches(hasher.hash_new("correct horse", "admin"), "correct horse")
    assert seen == [min(19, usual + passwords.NICE_INCREMENT)]


def test_generated_passwords_differ() -> None:
    drawn = {generated_password() for _ in range(100)}
    assert len(drawn) == 100
    assert all(len(password) == 24 and password.isalnum() for password in drawn)
