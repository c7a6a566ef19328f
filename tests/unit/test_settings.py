from __future__ import annotations

import os
from pathlib import Path

import pytest

from web_image_ocr.api.limits import rate_counters
from web_image_ocr.primitives.errors import ErrorKind, ServiceError
from web_image_ocr.settings import Settings, load_settings
from web_image_ocr.settings.environment import environment_name
from web_image_ocr.settings.reference import describe, describe_tables


@pytest.fixture(autouse=True)
def no_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, _, _ in describe(Settings):
        monkeypatch.delenv(environment_name(name), raising=False)


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "settings.toml"
    path.write_text('project_name = "from-file"\n[server]\nport = 1111\nhost = "::1"\n')
    return path


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default(
    toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEB_IMAGE_OCR_SERVER__PORT", "2222")
    monkeypatch.setenv("WEB_IMAGE_OCR_SERVER__KEEP_ALIVE_S", "5")
    settings = load_settings(toml, server={"keep_alive_s": 9}, data_dir=None)
    assert settings.server.keep_alive_s == 9
    assert settings.server.port == 2222
    assert settings.server.host == "::1"
    assert settings.project_name == "from-file"
    assert settings.data_dir == Path("data")


def test_a_list_in_the_environment_has_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_IMAGE_OCR_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.7")
    monkeypatch.setenv("WEB_IMAGE_OCR_FETCH__ALLOWED_PORTS", "80,8080")
    settings = load_settings()
    assert settings.server.trusted_proxies == ("10.0.0.0/8", "192.0.2.7")
    assert settings.fetch.allowed_ports == (80, 8080)


def test_all_wrong_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_IMAGE_OCR_SERVER__PORT", "-1")
    monkeypatch.setenv("WEB_IMAGE_OCR_SERVING__WORKERS", "many")
    monkeypatch.setenv("WEB_IMAGE_OCR_API__NO_SUCH_THING", "1")
    with pytest.raises(ServiceError) as caught:
        load_settings()
    assert caught.value.kind is ErrorKind.CONFIGURATION_INVALID
    for part in ("port must be 0 to 65535", "serving.workers", "_API__NO_SUCH_THING"):
        assert part in caught.value.detail


def fault(config: Path | None = None) -> str:
    with pytest.raises(ServiceError) as caught:
        load_settings(config)
    assert caught.value.kind is ErrorKind.CONFIGURATION_INVALID
    assert "\n" not in caught.value.detail
    return caught.value.detail


def test_every_wrong_value_of_one_section_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_IMAGE_OCR_SERVER__PORT", "70000")
    monkeypatch.setenv("WEB_IMAGE_OCR_SERVER__SHUTDOWN_S", "-1")
    monkeypatch.setenv("WEB_IMAGE_OCR_SERVER__KEEP_ALIVE_S", "long")
    monkeypatch.setenv("WEB_IMAGE_OCR_SERVER__TLS_CERT", "cert.pem")
    monkeypatch.setenv("WEB_IMAGE_OCR_SERVER__HOST", "localhost")
    monkeypatch.setenv("WEB_IMAGE_OCR_FETCH__READ_S", "-1")
    monkeypatch.setenv("WEB_IMAGE_OCR_FETCH__CONNECT_S", "-1")
    detail = fault()
    for name in (
        "server.port",
        "server.shutdown_s",
        "server.keep_alive_s",
        "server.tls_cert",
        "fetch.read_s",
        "fetch.connect_s",
    ):
        assert f"{name} ({environment_name(name)}): " in detail
    assert "server.host" not in detail


def test_what_is_right_is_not_named_beside_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_IMAGE_OCR_SERVER__PORT", "70000")
    monkeypatch.setenv("WEB_IMAGE_OCR_SERVER__TLS_CERT", "cert.pem")
    monkeypatch.setenv("WEB_IMAGE_OCR_SERVER__TLS_KEY", "key.pem")
    assert fault() == "server.port (WEB_IMAGE_OCR_SERVER__PORT): port must be 0 to 65535"


def test_an_empty_environment_variable_is_as_unset(
    toml: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WEB_IMAGE_OCR_DATA_DIR", "")
    monkeypatch.setenv("WEB_IMAGE_OCR_SERVER__PORT", "")
    settings = load_settings(toml)
    assert settings.data_dir == Path("data")
    assert settings.server.port == 1111


def test_a_configuration_that_is_not_a_file_is_refused(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    assert fault(fifo) == f"{fifo} is not a regular file"
    assert fault(tmp_path) == f"{tmp_path} is not a regular file"


def test_a_configuration_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(b'project_name = "\xff"')
    assert fault(path).startswith(f"{path} is not a TOML file: ")


@pytest.mark.parametrize("text", ["[server", "no_such_setting = 1"])
def test_a_wrong_file_is_a_wrong_setting(tmp_path: Path, text: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    with pytest.raises(ServiceError) as caught:
        load_settings(path)
    assert caught.value.kind is ErrorKind.CONFIGURATION_INVALID


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match=r"missing\.toml"):
        load_settings(tmp_path / "missing.toml")


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("server", {"port": 65536}),
        ("server", {"keep_alive_s": -1}),
        ("server", {"shutdown_s": -1}),
        ("server", {"tls_cert": "cert.pem"}),
        ("server", {"trusted_proxies": ("not a network",)}),
        ("serving", {"workers": -1}),
        ("serving", {"cache_bytes": -1}),
        ("serving", {"max_waiting_per_worker": -1}),
        ("logging", {"level": "loud"}),
    ],
)
def test_values_without_sense_are_refused(section: str, values: dict[str, object]) -> None:
    with pytest.raises(ServiceError):
        load_settings(None, **{section: values})


def test_every_setting_is_described() -> None:
    described = list(describe(Settings))
    assert len({name for name, _, _ in described}) == len(described) > 30
    assert all(text for _, _, text in described)


class TestStorageEntries:
    NAME = environment_name("storage.entries")
    GOOD = (
        '{"endpoint": "https://obs.example.com", "access_key": "AK", "secret_key": "SK", '
        '"buckets": ["pictures"], "projects": ["*"]}'
    )

    def test_are_tables_in_the_file(self, tmp_path: Path) -> None:
        path = tmp_path / "settings.toml"
        path.write_text(
            '[[storage.entries]]\nendpoint = "http://10.0.0.1:9000"\naccess_key = "AK"\n'
            'secret_key_file = "/run/secret"\nbuckets = ["pictures", "scans"]\n'
            'projects = ["*"]\n[[storage.entries]]\nendpoint = "https://obs.example.com"\n'
            'region = "cn-north-4"\naccess_key = "AK"\nsecret_key = "SK"\nbuckets = ["bills"]\n'
            'projects = ["a", "b"]\n'
        )
        first, second = load_settings(path).storage.entries
        assert first.buckets == ("pictures", "scans")
        assert first.secret_key_file == Path("/run/secret")
        assert second.projects == ("a", "b")
        assert second.region == "cn-north-4"

    def test_are_json_in_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(self.NAME, f"[{self.GOOD}, {self.GOOD}]")
        settings = load_settings()
        assert [entry.buckets for entry in settings.storage.entries] == [("pictures",)] * 2
        assert "SK" not in repr(settings)

    @pytest.mark.parametrize("text", ["[{", "https://obs.example.com,b", "{}", "5", GOOD])
    def test_what_is_no_list_is_refused(self, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
        monkeypatch.setenv(self.NAME, text)
        assert fault() == f"storage.entries ({self.NAME}): Input should be a valid tuple"

    def test_all_that_is_wrong_is_named_and_no_key_is(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bad = '{"endpoint": "ftp://x", "access_key": "AK", "secret_key": ["SK"], "color": "SK"}'
        monkeypatch.setenv(self.NAME, f"[{self.GOOD}, {bad}]")
        monkeypatch.setenv("WEB_IMAGE_OCR_SERVER__PORT", "70000")
        detail = fault()
        for part in ("1.secret_key: ", "1.color: ", "1.buckets: ", "1.projects: ", "server.port"):
            assert part in detail
        assert "SK" not in detail
        assert "AK" not in detail
        monkeypatch.setenv(self.NAME, "[" + self.GOOD.replace("https", "ftp") + "]")
        assert "storage.entries" in fault()
        assert "0: endpoint: the scheme is neither http nor https" in fault()


def test_what_stands_in_a_table_is_described() -> None:
    tables = dict(describe_tables(Settings))
    assert list(tables) == ["storage.entries"]
    assert all(text for _, _, text in tables["storage.entries"])


def test_the_password_of_a_redis_is_shown_by_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "WEB_IMAGE_OCR_API__RATE_LIMIT_REDIS_URL"
    monkeypatch.setenv(name, "redis://:secret@host:6379/0")
    settings = load_settings()
    assert settings.api.rate_limit_redis_url.endswith("secret@host:6379/0")
    assert "secret" not in repr(settings)
    monkeypatch.setenv(name, "redis://:secret@host:port/0")
    detail = fault()
    assert detail.startswith(f"api.rate_limit_redis_url ({name}): ")
    assert "secret" not in detail


def test_a_redis_without_its_package_ends_the_start_with_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("WEB_IMAGE_OCR_API__RATE_LIMIT_REDIS_URL", "redis://host:6379/0")
    monkeypatch.setattr(rate_counters, "find_spec", lambda _: None)
    assert "needs the package redis (web-image-ocr[redis])" in fault()


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("WEB_IMAGE_OCR_RATE_LIMIT", "WEB_IMAGE_OCR_API__RATE_LIMIT"),
        ("WEB_IMAGE_OCR_SERVER_PORT", "WEB_IMAGE_OCR_SERVER__PORT"),
        ("WEB_IMAGE_OCR_SERVER__PROT", "WEB_IMAGE_OCR_SERVER__PORT"),
        ("WEB_IMAGE_OCR_DATADIR", "WEB_IMAGE_OCR_DATA_DIR"),
        ("WEB_IMAGE_OCR_LOG__LEVEL", "WEB_IMAGE_OCR_LOGGING__LEVEL"),
        ("WEB_IMAGE_OCR_DATABASE_URL", "WEB_IMAGE_OCR_IDENTITY__DATABASE_URL"),
        ("WEB_IMAGE_OCR_API__RATE_LIMIT__MAX", "WEB_IMAGE_OCR_API__RATE_LIMIT"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_name(
    variable: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "1")
    assert f"unknown setting {variable}; did you mean {meant}?" in fault()


def test_an_unknown_variable_counts_in_any_case_and_when_empty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("web_image_ocr_rate_limit", "")
    assert fault() == (
        "unknown setting WEB_IMAGE_OCR_RATE_LIMIT; did you mean WEB_IMAGE_OCR_API__RATE_LIMIT?"
    )


def test_a_variable_that_is_like_no_setting_has_no_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_IMAGE_OCR_XYZZY", "1")
    assert fault() == "unknown setting WEB_IMAGE_OCR_XYZZY"


def test_variables_of_others_are_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_IMAGE_OCRX_RATE_LIMIT", "1")
    monkeypatch.setenv("RATE_LIMIT", "1")
    load_settings()


LINKS = {  # of Kubernetes for a Service, and of Docker for a container
    "SERVICE_HOST": "10.96.0.7",
    "SERVICE_PORT": "8000",
    "SERVICE_PORT_HTTP": "8000",
    "SERVICE_PORT_HTTP_ALT": "8001",
    "PORT": "tcp://10.96.0.7:8000",
    "PORT_8000_TCP": "tcp://10.96.0.7:8000",
    "PORT_8000_TCP_PROTO": "tcp",
    "PORT_8000_TCP_PORT": "8000",
    "PORT_8000_TCP_ADDR": "10.96.0.7",
    "PORT_53_UDP": "udp://[fd00::7]:53",
    "PORT_53_UDP_PROTO": "udp",
    "PORT_53_UDP_PORT": "53",
    "PORT_53_UDP_ADDR": "fd00::7",
    "PORT_8000_TCP_START": "tcp://172.17.0.2:8000",
    "PORT_8000_TCP_END": "tcp://172.17.0.2:8001",
    "PORT_8000_TCP_PORT_START": "8000",
    "PORT_8000_TCP_PORT_END": "8001",
    "NAME": "/console/web-image-ocr",
    "ENV_LANG": "C.UTF-8",
}


@pytest.mark.parametrize("service", ["WEB_IMAGE_OCR_", "WEB_IMAGE_OCR_SOMETHING_2_"])
@pytest.mark.parametrize(("name", "value"), LINKS.items())
def test_a_variable_for_another_container_is_ignored(
    service: str, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(service + name, value)
    load_settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "8000"),
        ("SERVER_PORT", "8000"),
        ("SERVICE_HOST", "localhost"),
        ("SERVICE__PORT", "8000"),
        ("SERVER__SERVICE_PORT", "8000"),
        ("NAME", "cn-north-4"),
        ("PROJCT_NAME", "cn-north-4"),
        ("PORT_8000", "tcp://10.96.0.7:8000"),
        ("PORT_8000_TCP_PROTO", "http"),
        ("ENVIRONMENT", "production"),
    ],
)
def test_a_variable_that_is_only_like_those_is_refused(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"WEB_IMAGE_OCR_{name}", value)
    assert f"unknown setting WEB_IMAGE_OCR_{name}" in fault()


def test_a_section_may_be_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_IMAGE_OCR_SERVER", '{"port": 7}')
    assert load_settings().server.port == 7


def test_every_unknown_name_is_said_at_once_beside_wrong_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "settings.toml"
    config.write_text(
        'portt = 7\n[server]\nprot = 8000\n[serverr]\nport = 1\n[logging]\nlevel = "loud"\n'
    )
    monkeypatch.setenv("WEB_IMAGE_OCR_RATE_LIMIT", "5")
    monkeypatch.setenv("WEB_IMAGE_OCR_API__RATE_LIMT", "5")
    detail = fault(config)
    for part in (
        "unknown setting WEB_IMAGE_OCR_RATE_LIMIT; did you mean WEB_IMAGE_OCR_API__RATE_LIMIT?",
        "unknown setting WEB_IMAGE_OCR_API__RATE_LIMT; did you mean WEB_IMAGE_OCR_API__RATE_LIMIT?",
        "unknown setting server.prot; did you mean server.port?",
        "unknown setting portt; did you mean server.port?",
        "unknown setting serverr; did you mean ",
        "logging.level (WEB_IMAGE_OCR_LOGGING__LEVEL): Input should be",
    ):
        assert part in detail
    assert detail.count("RATE_LIMT") == 1


def test_an_unknown_value_of_a_table_has_the_nearest_name(tmp_path: Path) -> None:
    config = tmp_path / "settings.toml"
    config.write_text('[[storage.entries]]\nbuckett = "b"\n')
    assert "0.buckett: unknown; did you mean buckets?" in fault(config)


def test_a_shutdown_lasts_as_long_as_a_call_may() -> None:
    assert load_settings().shutdown_s == 62
    assert load_settings(api={"deadline_s": 90.5}).shutdown_s == 93
    assert load_settings(server={"shutdown_s": 60}).shutdown_s == 60


def test_a_shutdown_that_ends_calls_before_their_deadline_is_refused() -> None:
    with pytest.raises(ServiceError) as caught:
        load_settings(server={"shutdown_s": 30}, api={"deadline_s": 60})
    assert caught.value.kind is ErrorKind.CONFIGURATION_INVALID
    assert caught.value.detail == (
        "server.shutdown_s (WEB_IMAGE_OCR_SERVER__SHUTDOWN_S): "
        "30 is below api.deadline_s, 60: raise it or leave it out"
    )


def test_the_old_name_of_a_setting_works_with_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    config = tmp_path / "settings.toml"
    config.write_text("[engine]\nmin_clarity = 0.5\n")
    assert load_settings(config).engine.min_confidence == 0.5
    assert "setting engine.min_clarity is deprecated" in caplog.text
    caplog.clear()
    monkeypatch.setenv("WEB_IMAGE_OCR_ENGINE__MIN_CLARITY", "0.25")
    assert load_settings().engine.min_confidence == 0.25
    assert "rename it to engine.min_confidence" in caplog.text
    monkeypatch.setenv("WEB_IMAGE_OCR_ENGINE__MIN_CONFIDENCE", "0.75")
    assert load_settings().engine.min_confidence == 0.75


def test_a_wrong_value_under_an_old_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_IMAGE_OCR_ENGINE__MIN_CLARITY", "2")
    assert "engine min_confidence must be between 0 and 1" in fault()
    monkeypatch.setenv("WEB_IMAGE_OCR_ENGINE__MIN_CLARTY", "0.5")
    assert "unknown setting WEB_IMAGE_OCR_ENGINE__MIN_CLARTY" in fault()
