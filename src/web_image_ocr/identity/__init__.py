"""Accounts, users, projects, tokens, keys and what is enabled for whom. No HTTP, no pixels."""

from __future__ import annotations

from web_image_ocr.database.revisions import Migration
from web_image_ocr.identity.access import Access, wire_time
from web_image_ocr.identity.administration import Administration
from web_image_ocr.identity.config import IdentityConfig
from web_image_ocr.identity.directory import NotCachedError
from web_image_ocr.identity.own_account import EVERYBODY, OwnAccount
from web_image_ocr.identity.pages import MOST_A_PAGE, Listed, Page, every
from web_image_ocr.identity.reading_lockout import MustWriteError
from web_image_ocr.identity.rotation import Rotation, RotationPhase, RotationStatus
from web_image_ocr.identity.service import Identity, utc_now
from web_image_ocr.identity.signature import SignedRequest
from web_image_ocr.identity.values import (
    API_NAME,
    AccessKey,
    Credential,
    Domain,
    FirstAccount,
    NewAccessKey,
    NewPassword,
    PasswordLogin,
    Principal,
    Project,
    ProjectState,
    Reference,
    Role,
    Scope,
    Subscription,
    TemporaryKey,
    TokenGrant,
    User,
)
from web_image_ocr.usage.values import Step, Tally, UsageReport, Window

__all__ = [
    "API_NAME",
    "EVERYBODY",
    "MOST_A_PAGE",
    "Access",
    "AccessKey",
    "Administration",
    "Credential",
    "Domain",
    "FirstAccount",
    "Identity",
    "IdentityConfig",
    "Listed",
    "Migration",
    "MustWriteError",
    "NewAccessKey",
    "NewPassword",
    "NotCachedError",
    "OwnAccount",
    "Page",
    "PasswordLogin",
    "Principal",
    "Project",
    "ProjectState",
    "Reference",
    "Role",
    "Rotation",
    "RotationPhase",
    "RotationStatus",
    "Scope",
    "SignedRequest",
    "Step",
    "Subscription",
    "Tally",
    "TemporaryKey",
    "TokenGrant",
    "UsageReport",
    "User",
    "Window",
    "every",
    "utc_now",
    "wire_time",
]
