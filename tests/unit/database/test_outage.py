"""Test a database outage: cached records are used for five seconds and not longer."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.identity import CLIENT, Clock, refused, signed
from web_image_ocr.identity import FirstAccount, Identity, TokenGrant
from web_image_ocr.identity.cache import TimedCache
from web_image_ocr.primitives.errors import ErrorKind

LogIn = Callable[..., TokenGrant]


@pytest.fixture
def seconds_pass(identity: Identity, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Stops the clock of what is remembered, and moves it."""
    now = [time.monotonic()]
    for cache in vars(identity._directory._caches).values():
        if isinstance(cache, TimedCache):
            monkeypatch.setattr(cache, "_now", lambda: now[0])

    def move(seconds: float) -> None:
        now[0] += seconds

    return move


def test_a_known_token_is_good_for_five_seconds_more(
    identity: Identity,
    account: FirstAccount,
    log_in: LogIn,
    tmp_path: Path,
    seconds_pass: Callable[[float], None],
) -> None:
    token = log_in().token

    def call() -> None:
        identity.authorizer.authorize(
            identity.authorizer.authenticate_token(token), str(account.project_id)
        )

    call()
    for file in tmp_path.glob("web-image-ocr.db*"):
        file.unlink()
    seconds_pass(4.9)
    call()
    seconds_pass(0.1)
    with refused(ErrorKind.DATABASE_UNAVAILABLE):
        call()


def test_signatures_and_passwords_need_the_database_at_once(
    identity: Identity, account: FirstAccount, log_in: LogIn, clock: Clock, tmp_path: Path
) -> None:
    """Their failures are counted in it."""
    request = signed(str(account.access_key), str(account.secret_key), clock())
    identity.signatures.authenticate(request, CLIENT)
    log_in()
    for file in tmp_path.glob("web-image-ocr.db*"):
        file.unlink()
    with refused(ErrorKind.DATABASE_UNAVAILABLE):
        identity.signatures.authenticate(request, CLIENT)
    with refused(ErrorKind.DATABASE_UNAVAILABLE):
        log_in()
