"""Run the command as a user does."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import stat
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from tests.support.images import encode_image, text_image
from tests.support.servers import COMMAND, free_port, initialize, run_command, running_server

pytestmark = pytest.mark.server


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("images") / "image.png"
    path.write_bytes(encode_image(text_image("Hello command", "second line")))
    return path


class TestRecognize:
    def test_text_is_the_default(self, image: Path) -> None:
        done = run_command("recognize", str(image))
        assert (done.returncode, done.stdout, done.stderr) == (
            0,
            "Hello command\nsecond line\n",
            "",
        )

    def test_json_is_the_answer_of_the_api(self, image: Path) -> None:
        done = run_command("recognize", str(image), "--format", "json", "--extract", "image_size")
        result = json.loads(done.stdout)["result"]
        assert result["words_block_count"] == 2
        assert [block["words"] for block in result["words_block_list"]] == [
            "Hello command",
            "second line",
        ]
        assert result["extracted_data"]["image_size"]["width"] == 640

    def test_standard_input_may_be_an_image(self, image: Path) -> None:
        done = subprocess.run(
            [*COMMAND, "recognize", "-"],
            input=image.read_bytes(),
            capture_output=True,
            check=True,
        )
        assert done.stdout == b"Hello command\nsecond line\n"

    def test_jsonl_reports_failures_as_lines_and_reads_the_rest(
        self, image: Path, tmp_path: Path
    ) -> None:
        bad = tmp_path / "bad.png"
        bad.write_bytes(b"not an image")
        done = run_command("recognize", str(bad), str(image), "--format", "jsonl")
        first, second = map(json.loads, done.stdout.splitlines())
        assert done.returncode == 3
        assert first == {
            "path": str(bad),
            "error_code": "AIS.0102",
            "error_msg": "The image format is not supported.",
        }
        assert second["path"] == str(image)
        assert second["result"]["words_block_count"] == 2

    @pytest.mark.parametrize(
        ("arguments", "status"),
        [
            (("recognize", "/does/not/exist.png"), 3),
            (("recognize", "one.png", "two.png", "--format", "json"), 2),
            (("recognize",), 2),
            (("recognize", "one.png", "--config", "/does/not/exist.toml"), 4),
            (("no-such-command",), 2),
        ],
    )
    def test_an_error_is_one_line_and_an_exit_status(
        self, arguments: tuple[str, ...], status: int
    ) -> None:
        done = run_command(*arguments)
        assert done.returncode == status
        assert done.stdout == ""
        assert done.stderr.startswith("web-image-ocr: ")
        assert done.stderr.count("\n") == 1

    def test_a_file_that_cannot_be_opened_is_reported_with_the_system_error(self) -> None:
        done = run_command("recognize", "/does/not/exist.png")
        assert done.stderr == "web-image-ocr: /does/not/exist.png: No such file or directory\n"

    def test_a_library_that_cannot_be_loaded_is_one_line(self, tmp_path: Path) -> None:
        (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open')")
        done = run_command("--version", env={**os.environ, "PYTHONPATH": str(tmp_path)})
        assert done.returncode == 1
        assert done.stderr == (
            "web-image-ocr: unexpected error: ImportError: libGL.so.1: cannot open\n"
        )

    def test_a_broken_pipe_is_not_an_error(self, image: Path) -> None:
        done = subprocess.run(
            ["bash", "-c", 'set -o pipefail; "$0" recognize "$@" | head -1', *COMMAND]
            + 3 * [str(image)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, "Hello command\n", "")

    def test_a_name_that_is_not_utf_8_is_shown_with_replacement_characters(
        self, image: Path, tmp_path: Path
    ) -> None:
        named = os.fsencode(tmp_path) + b"/caf\xe9.png"
        Path(os.fsdecode(named)).write_bytes(image.read_bytes())
        missing = os.fsencode(tmp_path) + b"/\xff.png"
        done = subprocess.run(
            [*COMMAND, "recognize", "--format", "jsonl", named, missing],
            capture_output=True,
            check=False,
        )
        first, second = map(json.loads, done.stdout.splitlines())
        assert first["path"] == f"{tmp_path}/caf\ufffd.png"
        assert first["result"]["words_block_count"] == 2
        assert second["path"] == f"{tmp_path}/\ufffd.png"
        assert second["error_code"] == "ModelArts.4603"

    def test_ctrl_c_ends_it_silently(self, image: Path) -> None:
        with subprocess.Popen(
            [*COMMAND, "recognize", *(200 * [str(image)])],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as process:
            time.sleep(1)  # Python has started by then, and is still importing
            process.send_signal(signal.SIGINT)
            assert process.communicate(timeout=60)[1] == b""
        # A shell reports this signal as status 130.
        assert process.returncode == -signal.SIGINT

    def test_missing_models_are_one_line(self, image: Path, tmp_path: Path) -> None:
        missing = {"WEB_IMAGE_OCR_ENGINE__DETECTION_MODEL": str(tmp_path / "none.onnx")}
        done = run_command("recognize", str(image), env={**os.environ, **missing})
        assert done.returncode == 7
        assert done.stderr.count("\n") == 1
        assert "none.onnx" in done.stderr

    @pytest.mark.parametrize("command", [("serve", "--no-auth"), ("recognize", "-")])
    def test_a_language_without_a_word_list_is_one_line(
        self, command: tuple[str, ...], tmp_path: Path
    ) -> None:
        languages = {
            "WEB_IMAGE_OCR_ENGINE__LANGUAGES": "en,xx",
            "WEB_IMAGE_OCR_DATA_DIR": str(tmp_path / "data"),
        }
        done = run_command(*command, env={**os.environ, **languages})
        assert done.returncode == 4
        assert done.stderr == "web-image-ocr: engine.languages: there is no word list for xx\n"


class TestFirstStart:
    def test_without_a_terminal_the_secrets_are_in_a_private_file_and_not_in_the_log(
        self, tmp_path: Path
    ) -> None:
        with running_server(tmp_path) as server:
            file = tmp_path / "first-credentials.json"
            account = json.loads(file.read_text())
            assert stat.S_IMODE(file.stat().st_mode) == 0o600
            assert account["project_name"] == "cn-north-4"
            log = server.log.read_text()
            assert str(file) in log
            for secret in (account["password"], account["secret_key"], account["access_key"]):
                assert secret not in log
            again = initialize(tmp_path)
            assert again == {name: account[name] for name in again if name != "created"} | {
                "created": False
            }
            assert not {"password", "secret_key"} & set(again)
            assert server.stop() == 0

    def test_the_file_is_removed_after_a_day(self, tmp_path: Path) -> None:
        file = tmp_path / "first-credentials.json"
        file.write_text("{}")
        a_day_ago = time.time() - 24 * 3600 - 1
        os.utime(file, (a_day_ago, a_day_ago))
        initialize(tmp_path)
        with running_server(tmp_path):
            assert not file.exists()

    def test_two_servers_that_start_at_once_make_one_account(self, tmp_path: Path) -> None:
        processes = [
            subprocess.Popen(
                [*COMMAND, "admin", "init", "--data-dir", str(tmp_path), "--json"],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        answers = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
        assert sorted(answer["created"] for answer in answers) == [False, True]
        assert len({answer["project_id"] for answer in answers}) == 1

    def test_the_password_may_come_from_a_file(self, tmp_path: Path) -> None:
        file = tmp_path / "password"
        file.write_text("a password of my own\n")
        account = initialize(tmp_path / "data", WEB_IMAGE_OCR_ADMIN_PASSWORD_FILE=str(file))
        assert account["password"] == "a password of my own"

    def test_a_terminal_is_shown_the_secrets_and_a_call_that_works(
        self, tmp_path: Path, image: Path
    ) -> None:
        port = free_port()
        # script(1) runs the server in a new terminal.
        command = " ".join([*COMMAND, f"serve --data-dir {tmp_path} --port {port}"])
        with subprocess.Popen(
            ["script", "--quiet", "--flush", "--command", command, "/dev/null"],  # noqa: S607
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as terminal:
            assert terminal.stdout is not None
            shown = ""
            while "--data-binary @-" not in shown:
                shown += terminal.stdout.readline().replace("\r\n", "\n")
            call = "TOKEN=" + shown.partition("TOKEN=")[2]
            assert not (tmp_path / "first-credentials.json").exists()
            done = subprocess.run(
                ["bash", "-c", call],  # noqa: S607
                cwd=image.parent,
                env={**os.environ, "LC_ALL": "C"},
                capture_output=True,
                text=True,
                check=True,
            )
            terminal.terminate()
        words = [block["words"] for block in json.loads(done.stdout)["result"]["words_block_list"]]
        assert words == ["Hello command", "second line"]


class TestAdmin:
    def test_a_folder_without_a_database_stays_unchanged(self, tmp_path: Path) -> None:
        typo = tmp_path / "typo"
        done = run_command("admin", "user", "list", "--data-dir", str(typo))
        assert done.returncode == 5
        assert done.stderr == (
            f"web-image-ocr: no database in {typo}: "
            f"run `web-image-ocr admin init --data-dir {typo}` first\n"
        )
        assert not typo.exists()

    def test_a_file_in_place_of_the_folder_is_one_line(self, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.touch()
        done = run_command("admin", "init", "--data-dir", str(file))
        assert done.returncode == 4
        assert done.stderr == (
            f"web-image-ocr: the database folder {file} cannot be used: Not a directory\n"
        )


class TestServe:
    def test_a_port_in_use_is_one_line(self, tmp_path: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            done = run_command("serve", "--data-dir", str(tmp_path), "--port", str(port))
        assert done.returncode == 4
        assert done.stderr == (
            f"web-image-ocr: cannot listen on 127.0.0.1 port {port}: Address already in use\n"
        )

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_it_ends_with_status_0(self, tmp_path: Path, number: signal.Signals) -> None:
        with running_server(tmp_path) as server:
            assert server.stop(number) == 0

    @pytest.mark.parametrize(
        ("number", "after_s"),
        [
            (signal.SIGTERM, 0.1),
            (signal.SIGTERM, 0.5),
            (signal.SIGTERM, 1.5),
            (signal.SIGINT, 1.0),  # earlier, Python would still be starting and print a traceback
        ],
    )
    def test_it_may_be_stopped_while_it_starts(
        self, tmp_path: Path, number: signal.Signals, after_s: float
    ) -> None:
        log = tmp_path / "serve.log"
        with (
            log.open("wb") as out,
            subprocess.Popen(
                [*COMMAND, "serve", "--data-dir", str(tmp_path / "data"), "--port", "0"],
                stdout=out,
                stderr=out,
            ) as process,
        ):
            time.sleep(after_s)
            process.send_signal(number)
            status = process.wait(timeout=60)
        text = log.read_text()
        assert "Traceback" not in text, text
        # Before `serve` installs its handlers, the signal ends the process and nothing was done.
        assert status == 0 or (status == -number and text == ""), text

    @pytest.mark.parametrize("content", [None, "no certificate"])
    def test_a_wrong_certificate_is_one_line(self, tmp_path: Path, content: str | None) -> None:
        cert = tmp_path / "cert.pem"
        if content is not None:
            cert.write_text(content)
        done = run_command(
            *("serve", "--data-dir", str(tmp_path / "data"), "--port", "0"),
            *("--tls-cert", str(cert), "--tls-key", str(cert)),
        )
        assert done.returncode == 4
        assert done.stderr.startswith(f"web-image-ocr: server.tls_cert {cert}")
        assert done.stderr.count("\n") == 1

    def test_an_invalid_database_url_is_one_line(self, tmp_path: Path) -> None:
        wrong = {"WEB_IMAGE_OCR_IDENTITY__DATABASE_URL": "postgresql://host:notaport/x"}
        done = run_command("serve", "--data-dir", str(tmp_path), env={**os.environ, **wrong})
        assert done.returncode == 4
        assert done.stderr.startswith("web-image-ocr: identity.database_url ")
        assert done.stderr.count("\n") == 1

    def test_wrong_settings_are_all_named_in_one_line(self, tmp_path: Path) -> None:
        wrong = {"WEB_IMAGE_OCR_SERVER__PORT": "70000", "WEB_IMAGE_OCR_API__EDITION": "1999"}
        done = run_command("serve", "--data-dir", str(tmp_path), env={**os.environ, **wrong})
        assert done.returncode == 4
        assert done.stderr.count("\n") == 1
        assert "port must be 0 to 65535" in done.stderr
        assert "WEB_IMAGE_OCR_API__EDITION" in done.stderr


class TestNoAuth:
    def test_it_serves_this_machine_only(self, tmp_path: Path, image: Path) -> None:
        with running_server(tmp_path, "--no-auth") as server:
            path = f"{server.url}/v2/anything/ocr/web-image"
            body = {"image": base64.b64encode(image.read_bytes()).decode()}
            assert (
                httpx.post(path, json=body, timeout=60).json()["result"]["words_block_count"] == 2
            )
            foreign = {"Host": "ocr.example.com"}
            assert httpx.post(path, json=body, headers=foreign).status_code == 403
            origin = {"Origin": "https://example.com"}
            assert httpx.post(path, json=body, headers=origin).status_code == 403
            assert httpx.post(f"{server.url}/v3/auth/tokens", json={}).status_code == 404
            assert not (tmp_path / "first-credentials.json").exists()

    def test_the_console_can_be_switched_off(self, tmp_path: Path) -> None:
        settings = {"WEB_IMAGE_OCR_SERVER__CONSOLE": "false"}
        with running_server(tmp_path, "--no-auth", environment=settings) as server:
            assert httpx.get(server.url).status_code == 404
            assert httpx.get(f"{server.url}/v1/service").status_code == 200

    def test_another_address_is_refused(self, tmp_path: Path) -> None:
        done = run_command("serve", "--no-auth", "--host", "0.0.0.0", "--data-dir", str(tmp_path))  # noqa: S104
        assert done.returncode == 4
        assert "loopback" in done.stderr


def test_a_variable_that_is_not_a_setting_ends_every_command(tmp_path: Path) -> None:
    environment = {**os.environ, "WEB_IMAGE_OCR_RATE_LIMIT": "5"}
    for command in ("serve", "admin user list"):
        done = run_command(*command.split(), "--data-dir", str(tmp_path), env=environment)
        assert (done.returncode, done.stdout) == (4, "")
        assert done.stderr == (
            "web-image-ocr: unknown setting WEB_IMAGE_OCR_RATE_LIMIT;"
            " did you mean WEB_IMAGE_OCR_API__RATE_LIMIT?\n"
        )
