"""Import the fixtures of identity."""

from tests.support.identity_fixtures import *  # noqa: F403 - all fixtures, listed there once
