"""Writes the generated parts of the documentation, or checks that nothing has drifted.

Run as ``python -m scripts.docs [--check]``. Generated: the configuration reference, the
command-line reference, the list of error codes, the OpenAPI description and the files
of `deploy` that `docs/operations.md` shows. Checked as
well: that every relative link in a Markdown file leads somewhere.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import MISSING
from pathlib import Path
from typing import Any

import orjson
import typer

from web_image_ocr.api.app import openapi_document
from web_image_ocr.api.errors import TABLE
from web_image_ocr.cli.app import app
from web_image_ocr.cli.exit_codes import ExitCode
from web_image_ocr.settings import describe, describe_tables, environment_name

ROOT = Path(__file__).parent.parent
_NOTICE = "<!-- Written by `make docs`; edit the source it is made from. -->\n\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="change nothing, say what has drifted")
    check = parser.parse_args().check
    faults = list(_dead_links())
    for name, write in GENERATED.items():
        path, text = ROOT / name, write()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        if check:
            faults.append(f"{name} is out of date; run: make docs")
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote {name}")
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


def configuration() -> str:
    rows = [
        f"| `{name}` | `{environment_name(name)}` | {_shown(default)} | {text.replace('``', '`')} |"
        for name, default, text in describe()
    ]
    return (
        f"# Configuration\n\n{_NOTICE}"
        "A value is taken from the first of: a command-line flag, the environment variable,\n"
        "the TOML file named by `--config` (a dot below is a table there: `server.port` is\n"
        "`port` in `[server]`), the default. In the environment a list is written with\n"
        "commas, and an empty variable is as if unset. With a wrong value, or a name that is not\n"
        "a setting, nothing is started: one line names all of them, with the nearest names.\n"
        "Variables that Kubernetes adds for a Service and Docker for a link, such as\n"
        "`WEB_IMAGE_OCR_SERVICE_HOST` for a Service named `web-image-ocr`, are ignored.\n\n"
        "| Setting | Environment | Default | Meaning |\n|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n"
        + "".join(_tables())
    )


def _tables() -> Iterator[str]:
    for name, values in describe_tables():
        rows = [
            f"| `{value}` | {'must be given' if default is MISSING else _shown(default)} "
            f"| {text.replace('``', '`')} |"
            for value, default, text in values
        ]
        example = f"{environment_name(name)}='[{{\"{values[0][0]}\": ...}}, ...]'"
        yield (
            f"\n## {name}\n\n"
            f"A list of tables: each is a `[[{name}]]` in the TOML file. In the environment the\n"
            f"whole list is JSON: `{example}`.\n\n"
            "| Value | Default | Meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n"
        )


def command_line() -> str:
    root = typer.main.get_command(app)
    parts = [
        (
            f"# Command line\n\n{_NOTICE}"
            "Errors are one line on standard error.\n\n"
            "| Exit status | Meaning |\n|---|---|\n"
            + "".join(f"| {code.value} | {code.meaning} |\n" for code in ExitCode)
        )
    ]
    for path, command in _commands("web-image-ocr", root):
        context = typer.Context(command, info_name=path, max_content_width=88, terminal_width=88)
        parts.append(f"\n## {path}\n\n```text\n{command.get_help(context).rstrip()}\n```\n")
    return "".join(parts)


def error_codes() -> str:
    rows = sorted(
        f"| `{row.code}` | {row.status} | `{row.message}` | `{kind.value}` |"
        for kind, row in TABLE.items()
    )
    return (
        f"# Error codes\n\n{_NOTICE}"
        "Every failure is JSON with `error_code` and `error_msg` (codes of the gateway, `APIG.*`,\n"
        "also `request_id`); the header `X-Request-Id` finds the call in the log. The identity\n"
        'calls under `/v3` answer `{"error": {"code", "message", "title"}}` instead.\n\n'
        "| Code | Status | Text | What the log calls it |\n|---|---|---|---|\n"
        + "\n".join(rows)
        + "\n\n"
        "A `url` that is itself forbidden is answered `ModelArts.4601`: by its scheme, port or\n"
        "form, by a literal private address, or for `localhost`. A host name is answered\n"
        "`ModelArts.4603` if it has no address, and also if its address is private: callers\n"
        "must not find internal names. The log's `reason` says which it was\n"
        "([0039](decisions/0039-shares-and-silence.md)).\n"
    )


def openapi() -> str:
    return orjson.dumps(openapi_document(), option=orjson.OPT_INDENT_2).decode() + "\n"


def operations() -> str:
    """Return the page with the files of the repository that it shows."""
    page = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    return re.sub(
        r"(<!-- (deploy/\S+) -->\n```\w+\n).*?(```\n)",
        lambda found: found[1] + (ROOT / found[2]).read_text(encoding="utf-8") + found[3],
        page,
        flags=re.DOTALL,
    )


GENERATED: dict[str, Callable[[], str]] = {
    "docs/configuration.md": configuration,
    "docs/cli.md": command_line,
    "docs/errors.md": error_codes,
    "docs/openapi.json": openapi,
    "docs/operations.md": operations,
}


def _shown(default: object) -> str:
    if default is None or default in ((), ""):
        return "none"
    if isinstance(default, tuple):
        return f"`{','.join(map(str, default))}`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    yield path, command
    for name, child in getattr(command, "commands", {}).items():
        yield from _commands(f"{path} {name}", child)


def _dead_links() -> Iterator[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.split():
        page = ROOT / name
        if not page.exists():
            continue
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if "://" not in target and not (page.parent / target).exists():
                yield f"{name}: dead link to {target}"


if __name__ == "__main__":
    sys.exit(main())
