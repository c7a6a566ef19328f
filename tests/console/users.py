"""Create further users of the account through the public API."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.support.servers import Service, sign_in


@dataclass(frozen=True, slots=True)
class User:
    """Represent a user.

    Attributes:
        id: user ID.
        name: user name.
        password: initial password.
    """

    id: str
    name: str
    password: str


def create_user(service: Service, name: str, role: str = "caller") -> User:
    """Create a user."""
    password = "a-first-password"
    answer = service.client.post(
        "/v1/users",
        json={"name": name, "role": role, "password": password},
        headers={"X-Auth-Token": service.token},
    )
    assert answer.status_code == 201, answer.text
    return User(answer.json()["user"]["id"], name, password)


def create_keys(service: Service, user: User, number: int) -> None:
    """Create access keys of a user."""
    for _ in range(number):
        answer = service.client.post(
            "/v1/keys", json={"user_id": user.id}, headers={"X-Auth-Token": service.token}
        )
        assert answer.status_code == 201, answer.text


def delete_user(service: Service, user: User) -> None:
    """Delete a user and the user's keys."""
    headers = {"X-Auth-Token": service.token}
    assert service.client.delete(f"/v1/users/{user.id}", headers=headers).status_code == 204


def set_password(service: Service, user: User, password: str) -> None:
    """Set a user's password, which revokes the user's tokens."""
    answer = service.client.post(
        f"/v1/users/{user.id}/password",
        json={"password": password},
        headers={"X-Auth-Token": service.token},
    )
    assert answer.status_code == 200, answer.text


def can_sign_in(service: Service, name: str, password: str) -> bool:
    """Return whether the password is accepted."""
    account = replace(service.account, user=name, password=password)
    return sign_in(service.client, account).status_code == 201
