from __future__ import annotations

import pytest

from web_image_ocr.serving.launch import environment

NAME = "GLIBC_TUNABLES"


def test_secrets_are_not_passed_to_workers() -> None:
    secret = {
        "WEB_IMAGE_OCR_IDENTITY__DATABASE_URL": "postgresql://u:password@host/db",
        "WEB_IMAGE_OCR_SERVING__WORKERS": "1",
        "PGPASSWORD": "password",
        "AWS_SECRET_ACCESS_KEY": "password",
        "REDIS_URL": "redis://:password@host",
        "HTTPS_PROXY": "http://u:password@proxy",
        "PATH_TO_PASSWORD": "password",
        "HOME": "/root",
        "NOTIFY_SOCKET": "/run/systemd/notify",
        "LISTEN_FDS": "1",
    }
    passed = {
        "PATH": "/bin",
        "LANG": "C.UTF-8",
        "LC_ALL": "C",
        "PYTHONPATH": "/x",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LD_LIBRARY_PATH": "/opt/lib",
        "VIRTUAL_ENV": "/venv",
        "ORT_DISABLE_TELEMETRY": "1",
        "OMP_NUM_THREADS": "1",
        "TZ": "UTC",
    }
    assert environment(secret | passed) == passed | {NAME: "glibc.malloc.tcache_count=0"}


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ({}, "glibc.malloc.tcache_count=0"),
        (
            {NAME: "glibc.malloc.arena_max=1"},
            "glibc.malloc.arena_max=1:glibc.malloc.tcache_count=0",
        ),
        ({NAME: "glibc.malloc.tcache_count=3"}, "glibc.malloc.tcache_count=3"),
    ],
)
def test_thread_caches_are_off_unless_the_operator_sets_them(
    before: dict[str, str], expected: str
) -> None:
    assert environment(before) == {NAME: expected}
