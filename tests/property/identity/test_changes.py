"""Test that a server with caches answers like one without, under any order of changes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import argon2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.identity import CLIENT, PASSWORD, Clock, signed
from web_image_ocr.identity import (
    Identity,
    IdentityConfig,
    PasswordLogin,
    Principal,
    Reference,
    Role,
    Scope,
    passwords,
)
from web_image_ocr.identity.values import API_NAME
from web_image_ocr.primitives.errors import ServiceError

USERS = ("anna", "bert")
PROJECTS = ("one", "two")
KEYS = ("AKA", "AKB")
Step = tuple[str, int]


def _take_back(identity: Identity, number: int) -> None:
    """Give the key to the other user."""
    identity.administration.delete_key(KEYS[number])
    identity.administration.import_key(USERS[1 - number], KEYS[number], "secret")


CHANGES: dict[str, Callable[[Identity, int], object]] = {
    "disable user": lambda made, n: made.administration.disable_user(USERS[n]),
    "enable user": lambda made, n: made.administration.enable_user(USERS[n]),
    "viewer": lambda made, n: made.administration.change_user(USERS[n], role=Role.VIEWER),
    "caller": lambda made, n: made.administration.change_user(USERS[n], role=Role.CALLER),
    "password": lambda made, n: made.administration.set_password(USERS[n], PASSWORD),
    "delete user": lambda made, n: made.administration.delete_user(USERS[n]),
    "create user": lambda made, n: made.administration.create_user(USERS[n], password=PASSWORD),
    "disable key": lambda made, n: made.administration.disable_key(KEYS[n]),
    "enable key": lambda made, n: made.administration.enable_key(KEYS[n]),
    "delete key": lambda made, n: made.administration.delete_key(KEYS[n]),
    "import key": lambda made, n: made.administration.import_key(USERS[n], KEYS[n], "secret"),
    "take key back": _take_back,
    "disable service": lambda made, n: made.administration.disable(PROJECTS[n], API_NAME),
    "enable service": lambda made, n: made.administration.enable(PROJECTS[n], API_NAME),
    "delete project": lambda made, n: made.administration.delete_project(PROJECTS[n]),
    "create project": lambda made, n: made.administration.create_project(PROJECTS[n]),
}
STEPS = st.lists(
    st.tuples(st.sampled_from([*CHANGES, "sign in", "sign out"]), st.integers(0, 1)), max_size=15
)


@pytest.fixture(scope="module")
def new_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("new_store")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "HASH_COST", argon2.profiles.CHEAPEST)
        with closing(Identity(IdentityConfig(), folder)) as made:
            made.initialize(password=PASSWORD)
            for number, user in enumerate(USERS):
                made.administration.create_user(user, password=PASSWORD)
                made.administration.import_key(user, KEYS[number], "secret")
                made.administration.create_project(PROJECTS[number])
                made.administration.enable(PROJECTS[number], API_NAME)
        yield folder


class Caller:
    """Tries everything that was ever issued."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.project_ids: list[str] = []

    def sign_in(self, identity: Identity, number: int) -> None:
        for project in identity.administration.projects():
            if project.name == PROJECTS[number]:
                login = PasswordLogin(
                    user=Reference(name=USERS[number]),
                    domain=Reference(name="default"),
                    password=PASSWORD,
                    scope=Scope(project=Reference(id=project.id)),
                )
                self.project_ids.append(project.id)
                self.tokens.append(identity.sign_in.log_in(login, CLIENT).token)

    def tried(self, identity: Identity) -> list[str]:
        """What comes of each token and key for each project."""
        requests = [signed(key, "secret", Clock()()) for key in KEYS]
        attempts: list[Callable[[], Principal]] = [
            *(partial(identity.authorizer.authenticate_token, token) for token in self.tokens),
            *(partial(identity.signatures.authenticate, each, CLIENT) for each in requests),
        ]
        outcomes = []
        for attempt in attempts:
            for project_id in self.project_ids:
                try:
                    principal = attempt()
                    identity.authorizer.authorize(principal, project_id)
                    outcomes.append(f"{principal.user.name} {principal.user.role}")
                except ServiceError as error:
                    outcomes.append(error.kind.name)
        return outcomes


def _change(identity: Identity, caller: Caller, step: Step) -> None:
    name, number = step
    if name == "sign in":
        caller.sign_in(identity, number)
    elif name == "sign out":
        for token in caller.tokens[number : number + 1]:
            identity.revoked_tokens.revoke(token, token)
    else:
        CHANGES[name](identity, number)


@pytest.mark.slow
@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
def test_a_server_with_caches_answers_as_one_without(new_store: Path, steps: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(new_store, folder, dirs_exist_ok=True)
        clock = Clock()
        with (
            closing(Identity(IdentityConfig(), Path(folder), clock=clock)) as cached,
            closing(
                Identity(IdentityConfig(cache_seconds=0), Path(folder), clock=clock)
            ) as uncached,
        ):
            caller = Caller()
            for number in range(2):
                caller.sign_in(cached, number)
            assert caller.tried(cached) == caller.tried(uncached)
            for step in steps:
                try:
                    _change(cached, caller, step)
                except ServiceError:  # no such record just now
                    continue
                assert caller.tried(cached) == caller.tried(uncached)
