"""Rules of the repository: dependencies point one way, nothing private is committed, every setting is documented."""

import ast
import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from click.testing import CliRunner

from helpline.cli import group
from helpline.settings import PROJECT, Settings

ENGINE = {"rasa", "rasa_sdk", "spacy", "tensorflow", "sklearn"}
PARTS = {"connectors", "actions", "bot"}
# connectors → helpline ← actions ← bot: what each part must not import
FORBIDDEN = {
    "helpline": ENGINE | PARTS,
    "connectors": ENGINE | {"actions", "bot"},
    "actions": {"connectors", "bot"},
    "bot": {"connectors"},
}
PRIVATE_NAMES = re.compile(r"(^|/)(\.env(\..*)?|ring\.json)$|\.(db|sqlite\d?|db-wal|db-shm|pem|key|tar\.gz)$")
PRIVATE_CONTENT = {b"SQLite format 3\0": "a SQLite database", b"\x1f\x8b\x08": "a gzip archive, as models are"}
SECRETS = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")
LONGEST_FILE = 400


def _git(*arguments: str) -> list[str]:
    run = subprocess.run(("git", *arguments), cwd=PROJECT, capture_output=True, check=True)
    return run.stdout.decode(errors="replace").split("\0" if "-z" in arguments else "\n")[:-1]


def _files() -> list[Path]:
    """What is committed, or would be."""
    names = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    return [PROJECT / name for name in sorted(set(names)) if (PROJECT / name).is_file()]


def _imports(file: Path) -> set[str]:
    """The top-level packages that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("part", FORBIDDEN)
def test_dependencies_point_one_way(part: str) -> None:
    files = list((PROJECT / part).rglob("*.py"))
    assert files
    wrong = {str(file.relative_to(PROJECT)): found for file in files if (found := _imports(file) & FORBIDDEN[part])}
    assert wrong == {}


def test_no_conversation_key_or_model_is_committed() -> None:
    wrong = [file.name for file in _files() if PRIVATE_NAMES.search(str(file))]
    for file in _files():
        content = file.read_bytes()
        wrong += [f"{file.name} is {what}" for magic, what in PRIVATE_CONTENT.items() if content.startswith(magic)]
        wrong += [f"{file.name} holds a private key"] if SECRETS.search(content) else []
    assert wrong == []


def test_none_was_ever_committed() -> None:
    ever = _git("log", "--all", "--pretty=format:", "--name-only", "-z")
    assert [name for name in ever if PRIVATE_NAMES.search(name.strip())] == []


@pytest.mark.parametrize(
    "name", ["var/havenline.db", "havenline.db-wal", ".env", "models/x.tar.gz", "var/keys/ring.json"]
)
def test_git_ignores_what_must_not_be_committed(name: str) -> None:
    assert subprocess.run(["git", "check-ignore", "-q", name], cwd=PROJECT).returncode == 0


def test_the_project_stands_alone() -> None:
    outside = "../" + "shared"
    assert [file.name for file in _files() if outside.encode() in file.read_bytes()] == []


def test_no_file_of_code_is_long() -> None:
    code = [file for file in _files() if file.suffix in (".py", ".js", ".css", ".html")]
    ours = [file for file in code if "vendor" not in file.parts]
    long = {file.name: count for file in ours if (count := len(file.read_text().splitlines())) > LONGEST_FILE}
    assert long == {}


def test_every_setting_is_in_the_settings_page() -> None:
    page = (PROJECT / "docs" / "settings.md").read_text()
    rows = dict(re.findall(r"^\| `HAVENLINE_([A-Z_]+)` \|.*?\| ([^|]*) \|$", page, re.MULTILINE))
    expected = {name.upper(): field.field_info.description for name, field in Settings.__fields__.items()}
    assert rows == expected


COMMANDS = sorted(point.name for point in entry_points(group="havenline.commands"))


def _havenline(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "helpline", *arguments)
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, env={**os.environ, **environment})


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    run = CliRunner().invoke(group, [name, "--help"], prog_name="havenline")
    assert run.exit_code == 0
    assert run.output.startswith(f"Usage: havenline {name}")
    assert len(run.output.splitlines()) > 3


def test_the_commands_that_the_design_names_are_there() -> None:
    assert {"up", "edge", "engine", "train", "parse", "chat", "near", "advocate", "purge", "doctor"} <= set(COMMANDS)


@pytest.mark.parametrize(
    ("arguments", "environment"),
    [
        (("no-such-command",), {}),
        (("near", "--limit", "many"), {}),
        (("advocate", "add", "a b"), {}),
        (("advocate", "disable", "nobody"), {}),
        (("edge",), {"HAVENLINE_PORT": "eighty"}),
    ],
)
def test_bad_input_is_one_clear_line_and_no_stack_trace(
    tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str]
) -> None:
    run = _havenline(*arguments, HAVENLINE_DATA_DIR=str(tmp_path), **environment)
    assert run.returncode != 0
    assert "Traceback" not in run.stderr
    assert len([line for line in run.stderr.splitlines() if line.startswith("Error: ")]) == 1
