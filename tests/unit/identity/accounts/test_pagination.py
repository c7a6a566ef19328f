"""Test pagination: complete, sorted, stable under changes, with SQL limits."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from tests.support.identity import PASSWORD, Clock, refused
from web_image_ocr.identity import (
    Administration,
    Identity,
    IdentityConfig,
    PageRequest,
    ResultPage,
    iterate_pages,
)
from web_image_ocr.primitives.errors import ErrorKind

Listing = Callable[[Administration, PageRequest], ResultPage[Any]]

LISTINGS: dict[str, Listing] = {
    "users": lambda accounts, page: accounts.users(page),
    "projects": lambda accounts, page: accounts.projects(page),
    "states": lambda accounts, page: accounts.project_states("web-image", page),
    "keys": lambda accounts, page: accounts.access_keys(None, page),
    "own keys": lambda accounts, page: accounts.access_keys("admin", page),
    "subscriptions": lambda accounts, page: accounts.subscriptions(page),
}


@pytest.fixture
def config(database_url: str) -> IdentityConfig:
    return IdentityConfig(database_url=database_url, max_keys_per_user=0)


@pytest.fixture(scope="module")
def ten_of_everything(empty_installation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder to copy: filling it takes longer."""
    folder = tmp_path_factory.mktemp("ten")
    shutil.copytree(empty_installation, folder, dirs_exist_ok=True)
    clock = Clock()
    with closing(Identity(IdentityConfig(max_keys_per_user=0), folder, clock=clock)) as identity:
        _fill(identity, clock)
    return folder


def _fill(identity: Identity, clock: Clock) -> None:
    """Make ten of everything; some keys in the same moment."""
    assert identity.initialize(password=PASSWORD).created
    made = identity.administration
    for number in range(9):
        made.create_user(f"user {number}", password=PASSWORD)
        made.enable(made.create_project(f"{number} Projekt Größe 测试").id, "web-image")
        clock.advance(number % 2)
        made.create_key("admin")


@pytest.fixture
def identity(
    tmp_path: Path,
    ten_of_everything: Path,
    empty_installation: Path,
    clock: Clock,
    config: IdentityConfig,
) -> Iterator[Identity]:
    folder = empty_installation if config.database_url else ten_of_everything
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    with closing(Identity(config, tmp_path, clock=clock)) as opened:
        if config.database_url:
            _fill(opened, clock)
        yield opened


@pytest.fixture
def accounts(identity: Identity) -> Administration:
    return identity.administration


@pytest.mark.parametrize("name", LISTINGS)
@pytest.mark.parametrize("limit", [1, 3, 5, 10, 11])
def test_pages_together_are_the_list(accounts: Administration, name: str, limit: int) -> None:
    listing = LISTINGS[name]
    whole = listing(accounts, PageRequest())
    assert len(whole) == 10
    assert whole.next_marker is None
    found: list[Any] = []
    marker = None
    while True:
        page = listing(accounts, PageRequest(limit=limit, marker=marker))
        found += page
        assert len(page) <= limit
        if (marker := page.next_marker) is None:
            break
        assert len(page) == limit
    assert tuple(found) == tuple(whole)


@pytest.mark.parametrize("name", LISTINGS)
def test_every_record_over_all_pages(
    accounts: Administration, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PageRequest, "__init__", _small_page)
    assert len(list(iterate_pages(lambda page: LISTINGS[name](accounts, page)))) == 10


def _small_page(page: PageRequest, limit: int = 4, marker: str | None = None) -> None:
    object.__setattr__(page, "limit", min(limit, 4))
    object.__setattr__(page, "marker", marker)


def test_a_page_begins_where_the_one_before_ended_whatever_was_deleted(
    accounts: Administration,
) -> None:
    first = accounts.users(PageRequest(limit=3))
    assert [user.name for user in first] == ["admin", "user 0", "user 1"]
    accounts.delete_user("user 1")
    accounts.delete_user("user 2")
    accounts.create_user("aaa", password=PASSWORD)
    second = accounts.users(PageRequest(limit=3, marker=first.next_marker))
    assert [user.name for user in second] == ["user 3", "user 4", "user 5"]
    keys = accounts.access_keys(None, PageRequest(limit=2))
    rest = accounts.access_keys(None, PageRequest(marker=keys.next_marker))
    accounts.delete_key(keys[1].access)
    assert accounts.access_keys(None, PageRequest(marker=keys.next_marker)) == rest


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_has_one_to_a_thousand_records(limit: int) -> None:
    with refused(ErrorKind.IDENTITY_REQUEST_INVALID) as caught:
        PageRequest(limit=limit)
    assert str(limit) in str(caught.value)


@pytest.mark.parametrize(
    "marker",
    [
        "x",
        "ä",
        "....",
        "A" * 5,
        base64.urlsafe_b64encode(b"\xff").decode(),
        base64.urlsafe_b64encode(b"1\x002\x003").decode(),
        base64.urlsafe_b64encode(b"no time\x00AK").decode(),
        base64.urlsafe_b64encode(b"2026-01-01\x00AK").decode(),
    ],
)
def test_a_marker_of_no_list(accounts: Administration, marker: str) -> None:
    with refused(ErrorKind.IDENTITY_REQUEST_INVALID) as caught:
        accounts.access_keys(None, PageRequest(marker=marker))
    assert "next_marker" in str(caught.value)


def test_a_marker_shows_nothing_of_another_account(
    identity: Identity, accounts: Administration
) -> None:
    with identity._database.writing() as session:
        session.execute(
            text("INSERT INTO domains VALUES (:id, 'other', :at)"),
            {"id": "f" * 32, "at": "2027-01-01 00:00:00"},
        )
    others = accounts.for_account("f" * 32)
    for name, listing in LISTINGS.items():
        marker = listing(accounts, PageRequest(limit=1)).next_marker
        if name != "own keys":
            assert listing(others, PageRequest(marker=marker)) == ()


def test_few_rows_are_read_for_a_page(identity: Identity, accounts: Administration) -> None:
    """Not all, to be cut afterwards: and by an index."""
    plans: list[str] = []

    def explain(
        connection: Any, _cursor: object, statement: str, parameters: Any, *_rest: object
    ) -> None:
        if not statement.startswith("SELECT access_keys") or engine.dialect.name != "sqlite":
            return
        assert "LIMIT" in statement
        rows = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        plans.append(" ".join(str(row[3]) for row in rows))

    engine = identity._database._readers
    marker = accounts.access_keys(None, PageRequest(limit=1)).next_marker
    event.listen(engine, "before_cursor_execute", explain)
    for user in (None, "admin"):
        accounts.access_keys(user, PageRequest(limit=1, marker=marker))
    event.remove(engine, "before_cursor_execute", explain)
    for plan in plans:
        assert "ix_access_keys_" in plan
        assert "TEMP B-TREE" not in plan, "sorted instead of read in order"
