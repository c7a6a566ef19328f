"""Limits on callers: request sizes, body memory, rates and concurrency."""
