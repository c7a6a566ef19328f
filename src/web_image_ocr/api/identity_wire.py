"""Bodies of the identity API's answers, from identity's values."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from web_image_ocr.identity import Listed, Project, Role, TemporaryKey, TokenGrant

_TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"

_ROLE_NAMES = {
    Role.ADMINISTRATOR: "te_admin",
    Role.CALLER: "OCR ReadOnlyAccess",
    Role.VIEWER: "readonly",
}
"""The cloud's names of roles with about the same rights; its OCR ReadOnlyAccess may call."""


def encode_token(grant: TokenGrant) -> dict[str, object]:
    """The body that describes a token; the catalog is always empty here."""
    user, project = grant.user, grant.project
    domain = {"id": user.domain.id, "name": user.domain.name}
    scope: dict[str, object] = (
        {"project": {"id": project.id, "name": project.name, "domain": domain}}
        if project
        else {"domain": domain}
    )
    return {
        "token": {
            "methods": list(grant.methods),
            "catalog": [],
            "roles": [{"id": user.role.value, "name": _ROLE_NAMES[user.role]}],
            "issued_at": _time(grant.issued_at),
            "expires_at": _time(grant.expires_at),
            **scope,
            "user": {
                "id": user.id,
                "name": user.name,
                "password_expires_at": "",
                "domain": domain,
            },
        }
    }


def encode_temporary_key(key: TemporaryKey) -> dict[str, object]:
    """The body that hands over a temporary key."""
    return {
        "credential": {
            "access": key.access,
            "secret": key.secret,
            "securitytoken": key.security_token,
            "expires_at": _time(key.expires_at),
        }
    }


def encode_projects(projects: Listed[Project], url: str, limit: int) -> dict[str, object]:
    """The body that lists projects.

    Args:
        projects: what to list.
        url: of the call.
        limit: projects of a page at most.
    """
    base = url.partition("?")[0]
    following = None
    if projects.next_marker is not None:
        following = f"{base}?{urlencode({'limit': limit, 'marker': projects.next_marker})}"
    return {
        "projects": [
            {
                "id": project.id,
                "name": project.name,
                "domain_id": project.domain.id,
                "parent_id": project.domain.id,
                "is_domain": False,
                "enabled": True,
                "description": "",
                "links": {"self": f"{base}/{project.id}"},
            }
            for project in projects
        ],
        "links": {"self": url, "previous": None, "next": following},
    }


def _time(moment: datetime) -> str:
    return moment.strftime(_TIME_FORMAT)
