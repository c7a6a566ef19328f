"""Other users of the account, made by the public API."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.servers import Service, sign_in


@dataclass(frozen=True, slots=True)
class Person:
    """A user.

    Attributes:
        id: of the user.
        name: to sign in with.
        password: likewise.
    """

    id: str
    name: str
    password: str


def make_person(service: Service, name: str, role: str = "caller") -> Person:
    """A new user of the account."""
    password = "a-first-password"
    answer = service.client.post(
        "/v1/users",
        json={"name": name, "role": role, "password": password},
        headers={"X-Auth-Token": service.token},
    )
    assert answer.status_code == 201, answer.text
    return Person(answer.json()["user"]["id"], name, password)


def make_keys(service: Service, person: Person, number: int) -> None:
    """Access keys for somebody."""
    for _ in range(number):
        answer = service.client.post(
            "/v1/keys", json={"user_id": person.id}, headers={"X-Auth-Token": service.token}
        )
        assert answer.status_code == 201, answer.text


def give_password(service: Service, person: Person, password: str) -> None:
    """Another password for somebody, whose tokens all end by that."""
    answer = service.client.post(
        f"/v1/users/{person.id}/password",
        json={"password": password},
        headers={"X-Auth-Token": service.token},
    )
    assert answer.status_code == 200, answer.text


def can_sign_in(service: Service, name: str, password: str) -> bool:
    """Whether the server takes that password."""
    account = replace(service.account, user=name, password=password)
    return sign_in(service.client, account).status_code == 201
