"""Fetch the bytes behind a URL: SSRF guard, redirects, private buckets."""
