"""`havenline near` as its own process, on a data folder that was empty before."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = [sys.executable, "-c", "from helpline.directory.commands import near; near()"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


def near(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"HAVENLINE_DATA_DIR": str(folder)}
    return subprocess.run([*RUN, *arguments], env=environment, capture_output=True, text=True, timeout=120)


def test_a_fresh_checkout_builds_what_is_missing(folder: Path) -> None:
    done = near(folder, "--need", "find_legal_help", "--place", "Lyon")
    assert done.returncode == 0
    assert "116 006" in done.stdout
    assert "Emergency number, France: 112" in done.stdout
    assert "places:" in done.stderr
    assert near(folder, "--need", "legal", "--place", "Lyon").stderr == ""


def test_json(folder: Path) -> None:
    done = near(folder, "--need", "counselling", "--lat", "52.5", "--lon", "13.4", "--limit", "1", "--json")
    answer = json.loads(done.stdout)
    assert (answer["country"], answer["emergency"], len(answer["found"])) == ("DE", "112", 1)


def test_an_ambiguous_place_is_said_and_decided_by_country(folder: Path) -> None:
    done = near(folder, "--need", "shelter", "--place", "Valencia")
    assert "Valencia, Spain" in done.stderr
    assert done.returncode == 0
    decided = near(folder, "--need", "shelter", "--place", "Valencia", "--country", "es")
    assert decided.stderr == ""
    assert "Emergency number, Spain" in decided.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("--need", "pizza", "--place", "Lyon"),
        ("--need", "legal", "--place", "qqzzqq"),
        ("--need", "legal", "--place", ""),
        ("--need", "legal"),
        ("--need", "legal", "--lat", "5"),
        ("--need", "legal", "--place", "Lyon", "--country", "France"),
    ],
)
def test_bad_input_is_one_clear_line(folder: Path, arguments: tuple[str, ...]) -> None:
    done = near(folder, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if not line.startswith("places: ")]
    assert len(lines) == 1
    assert lines[0].startswith("Error: ")
