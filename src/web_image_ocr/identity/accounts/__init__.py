"""Manage accounts, users, projects, access keys and subscriptions."""
