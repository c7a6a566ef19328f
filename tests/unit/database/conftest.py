"""Import the fixtures of identity."""

from __future__ import annotations

from tests.support.identity_fixtures import (
    account,
    cheap_hashes,
    clock,
    config,
    database_url,
    empty_installation,
    identity,
    log_in,
    postgres,
    pytest_generate_tests,
)

__all__ = [
    "account",
    "cheap_hashes",
    "clock",
    "config",
    "database_url",
    "empty_installation",
    "identity",
    "log_in",
    "postgres",
    "pytest_generate_tests",
]
