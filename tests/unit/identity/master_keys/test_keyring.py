"""Test that the matching master key is found, also while the keys change."""

from __future__ import annotations

from web_image_ocr.identity.master_keys.keyring import Keyring, MasterKey

FORMER, CURRENT = MasterKey(bytes(32)), MasterKey(bytes([1]) * 32)


class Changing:
    """Keys that another thread has read again just after they were asked for."""

    def __init__(self, *answers: tuple[MasterKey, ...]) -> None:
        self._answers = list(answers)
        self.reread_times = 0

    def accepted(self) -> tuple[MasterKey, ...]:
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def reread(self) -> None:
        self.reread_times += 1


def keyring(*answers: tuple[MasterKey, ...]) -> tuple[Keyring, Changing]:
    source = Changing(*answers)
    return Keyring(source, lambda: CURRENT.fingerprint, lambda: FORMER.fingerprint), source


def test_keys_that_another_thread_reads_meanwhile_are_found() -> None:
    ring, _ = keyring((FORMER,), (FORMER, CURRENT))
    encrypted = CURRENT.key_secrets.encrypt(b"secret", b"AK")
    assert ring.decrypt_key_secret(encrypted, "AK") == "secret"


def test_a_fitting_key_needs_no_second_look() -> None:
    ring, source = keyring((FORMER, CURRENT))
    for key in (FORMER, CURRENT):
        assert ring.decrypt_key_secret(key.key_secrets.encrypt(b"x", b"AK"), "AK") == "x"
    assert source.reread_times == 0


def test_unchanged_keys_are_tried_once() -> None:
    ring, source = keyring((FORMER, CURRENT))
    tried: list[MasterKey] = []
    assert ring.first(tried.append) is None
    assert tried == [FORMER, CURRENT]
    assert source.reread_times == 1


def test_a_cached_key_in_use_that_was_removed_is_read_again() -> None:
    ring, _ = keyring((CURRENT,))
    assert ring.in_use() is CURRENT


def test_a_secret_is_bound_to_its_access_key() -> None:
    ring, _ = keyring((CURRENT,))
    encrypted = CURRENT.key_secrets.encrypt(b"secret", b"AK")
    assert ring.decrypt_key_secret(encrypted, "BK") is None
    assert ring.decrypt_key_secret(encrypted[:5], "AK") is None
