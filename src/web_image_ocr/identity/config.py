"""Configure accounts, tokens, keys and their database."""

from __future__ import annotations

from dataclasses import dataclass

MAX_CACHE_SECONDS = 5.0
"""Upper limit of the lag of roles and states behind the database, seconds."""
MIN_TEMPORARY_KEY_SECONDS = 900
MAX_TEMPORARY_KEY_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityConfig:
    """Configure the database, lifetimes and limits of identity.

    Attributes:
        database_url: SQLAlchemy URL of the database; unset means the SQLite file
            ``web-image-ocr.db`` in the data folder. PostgreSQL is
            ``postgresql+psycopg://user@host/database``.
        master_key_path: path of the file of the master keys, from which all keys are derived;
            unset means ``master.key`` in the data folder. All servers of one database have it.
        store_wait_seconds: seconds to wait for a busy database before giving up, above 0.
        cache_seconds: seconds for which roles, states and subscriptions read from the
            database are cached, 0 to 5; 0 reads them at every call.
        token_lifetime_seconds: lifetime of a token, at least 60.
        clock_skew_seconds: seconds by which the time of a signed call may differ from
            the server's, either way, at least 1.
        failures_before_lock: consecutive wrong passwords, or wrong signatures, of one
            client address that lock it out, at least 1.
        login_lock_seconds: seconds of that lock for a user's password, at least 1.
        key_lock_seconds: seconds of that lock for an access key, at least 1.
        failures_per_network: failed sign-ins of one client network, over all names, after
            which its sign-ins are refused; they are regained one by one within
            ``login_lock_seconds``. 0 means no limit.
        sign_ins_per_minute: sign-ins of one client network, successful ones included, for
            which a password hash is computed; 0 means no limit.
        password_hashes_at_once: password hashes computed at the same time; each takes
            64 MiB of memory and four threads of low priority. 0 means one for every four
            cores, at least one.
        max_keys_per_user: permanent access keys of one user, including disabled ones. 2 as in
            the cloud API; 0 means no limit.
        max_users: users of one account; 0 means no limit.
        max_projects: projects of one account; 0 means no limit.
        usage_days: retention of counted calls, 1 to 3,660 days.
    """

    database_url: str = ""
    master_key_path: str = ""
    store_wait_seconds: float = 5.0
    cache_seconds: float = MAX_CACHE_SECONDS
    token_lifetime_seconds: int = 86_400
    clock_skew_seconds: int = 900
    failures_before_lock: int = 5
    login_lock_seconds: int = 900
    key_lock_seconds: int = 300
    failures_per_network: int = 30
    sign_ins_per_minute: int = 60
    password_hashes_at_once: int = 0
    max_keys_per_user: int = 2
    max_users: int = 1000
    max_projects: int = 1000
    usage_days: int = 90

    def __post_init__(self) -> None:
        if self.store_wait_seconds <= 0:
            raise ValueError("store_wait_seconds must be above 0")
        if not 0 <= self.cache_seconds <= MAX_CACHE_SECONDS:
            raise ValueError(f"cache_seconds must be 0 to {MAX_CACHE_SECONDS:g}")
        if self.token_lifetime_seconds < 60:
            raise ValueError("token_lifetime_seconds must be at least 60")
        for name in (
            "clock_skew_seconds",
            "failures_before_lock",
            "login_lock_seconds",
            "key_lock_seconds",
        ):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1")
        for name in (
            "failures_per_network",
            "sign_ins_per_minute",
            "password_hashes_at_once",
            "max_keys_per_user",
            "max_users",
            "max_projects",
        ):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be 0 or more")
        if not 1 <= self.usage_days <= 3660:
            raise ValueError("usage_days must be 1 to 3660")
