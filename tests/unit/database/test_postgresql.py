"""Test PostgreSQL only: locks, dropped connections, wrong passwords."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.support.backing_services import Postgres
from tests.support.identity import PASSWORD, Clock, refused
from web_image_ocr.database.database import _ADVISORY_LOCK
from web_image_ocr.identity import FirstAccount, Identity, IdentityConfig, TokenGrant
from web_image_ocr.primitives.errors import ErrorKind

pytestmark = [
    pytest.mark.slow,
    pytest.mark.parametrize("database_url", ["postgresql"], indirect=True),
]

LogIn = Callable[..., TokenGrant]


@pytest.mark.usefixtures("account")
def test_a_lock_that_another_server_holds_is_waited_for_as_long_as_a_busy_database(
    identity: Identity, log_in: LogIn, postgres: Postgres
) -> None:
    with identity._database.writing() as session:
        assert session.scalar(text("SHOW lock_timeout")) == "200ms"
    with postgres.holding(f"SELECT pg_advisory_lock({_ADVISORY_LOCK})"):
        started = time.monotonic()
        with refused(ErrorKind.DATABASE_UNAVAILABLE) as caught:
            log_in("a guess")
        # How much later depends on the load; PostgreSQL itself has ended the wait.
        assert time.monotonic() - started >= 0.2
        assert "LockNotAvailable" in caught.value.detail
    with refused(ErrorKind.LOGIN_FAILED):
        log_in("a guess")
    log_in(PASSWORD)


@pytest.mark.usefixtures("account")
def test_reads_and_probes_do_not_wait_for_writes_that_wait(
    database_url: str, tmp_path: Path, log_in: LogIn, postgres: Postgres, clock: Clock
) -> None:
    token = log_in().token
    config = IdentityConfig(database_url=database_url, store_wait_seconds=60, cache_seconds=0)
    with (
        closing(Identity(config, tmp_path, clock=clock)) as waiting,
        ThreadPoolExecutor(16) as threads,
        postgres.holding(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"),
    ):
        writes = [
            threads.submit(waiting.administration.create_project, f"made-{number}")
            for number in range(16)
        ]
        time.sleep(0.5)  # until they wait
        waiting.authorizer.authenticate_token(token)
        waiting.check()
        assert not any(write.done() for write in writes)
    assert len({write.result().id for write in writes}) == 16


def test_dropped_connections_are_reopened(
    identity: Identity, account: FirstAccount, postgres: Postgres
) -> None:
    for _ in range(3):
        assert [user.name for user in identity.administration.users()] == [account.user]
        postgres.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )


def test_a_database_that_cannot_be_reached_is_named_without_its_password(
    database_url: str, tmp_path: Path
) -> None:
    url = database_url.replace("postgres@", "nobody:secret@")
    with refused(ErrorKind.DATABASE_UNAVAILABLE) as caught:
        Identity(IdentityConfig(database_url=url), tmp_path)
    assert "nobody" in caught.value.detail
    assert "secret" not in caught.value.detail
