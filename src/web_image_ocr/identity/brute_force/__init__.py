"""Limit failed and frequent attempts to sign in or to sign requests."""
