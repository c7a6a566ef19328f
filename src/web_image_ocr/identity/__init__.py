"""Accounts, users, projects, tokens, access keys and subscriptions. No HTTP, no pixels."""

from __future__ import annotations

from web_image_ocr.database.revisions import Migration
from web_image_ocr.identity.accounts.administration import Administration
from web_image_ocr.identity.accounts.pagination import (
    MAX_PAGE_SIZE,
    PageRequest,
    ResultPage,
    iterate_pages,
)
from web_image_ocr.identity.accounts.self_service import ALL_USERS, SelfService
from web_image_ocr.identity.authorizer import Authorizer
from web_image_ocr.identity.brute_force.read_only_lockout import WriteRequiredError
from web_image_ocr.identity.config import (
    MAX_TEMPORARY_KEY_SECONDS,
    MIN_TEMPORARY_KEY_SECONDS,
    IdentityConfig,
)
from web_image_ocr.identity.directory import CacheMissError
from web_image_ocr.identity.master_keys.rotation import Rotation, RotationPhase, RotationStatus
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
    "ALL_USERS",
    "API_NAME",
    "MAX_PAGE_SIZE",
    "MAX_TEMPORARY_KEY_SECONDS",
    "MIN_TEMPORARY_KEY_SECONDS",
    "AccessKey",
    "Administration",
    "Authorizer",
    "CacheMissError",
    "Credential",
    "Domain",
    "FirstAccount",
    "Identity",
    "IdentityConfig",
    "Migration",
    "NewAccessKey",
    "NewPassword",
    "PageRequest",
    "PasswordLogin",
    "Principal",
    "Project",
    "ProjectState",
    "Reference",
    "ResultPage",
    "Role",
    "Rotation",
    "RotationPhase",
    "RotationStatus",
    "Scope",
    "SelfService",
    "SignedRequest",
    "Step",
    "Subscription",
    "Tally",
    "TemporaryKey",
    "TokenGrant",
    "UsageReport",
    "User",
    "Window",
    "WriteRequiredError",
    "iterate_pages",
    "utc_now",
]
