"""What the locked packages could do on the network is known and written down."""

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_NETWORK_IN_PYTHON = re.compile(
    rb"^\s*(?:import|from) (?:socket|urllib\.request|http\.client|requests|urllib3)\b"
    rb"|open_connection|create_connection\(|urlopen",
    re.MULTILINE,
)
_NETWORK_IN_C = b"getaddrinfo"


def test_every_package_with_networking_code_is_explained() -> None:
    explained = _explained()
    found = {name for name in _locked() if _could_connect(name)}
    assert "onnxruntime" in found, "the search finds nothing"
    assert found - explained == set(), "say in SECURITY.md what keeps it from connecting"


def _explained() -> set[str]:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    section = text.partition("## Telemetry of dependencies")[2].partition("\n## ")[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def _locked() -> set[str]:
    locks = [ROOT / "requirements" / name for name in ("run.txt", "models.txt")]
    lines = [line for lock in locks for line in lock.read_text(encoding="utf-8").splitlines()]
    return {line.partition("==")[0] for line in lines if re.match(r"[a-z0-9-]+==", line)}


def _could_connect(name: str) -> bool:
    try:
        package = distribution(name)
    except PackageNotFoundError:  # locked for another platform or Python
        return False
    return any(_has_networking(Path(str(package.locate_file(f)))) for f in package.files or ())


def _has_networking(file: Path) -> bool:
    if file.suffix == ".py":
        return _NETWORK_IN_PYTHON.search(file.read_bytes()) is not None
    return ".so" in file.name and _NETWORK_IN_C in file.read_bytes()
