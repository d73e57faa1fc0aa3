import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from helpline.places.build import build, is_current
from helpline.places.gazetteer import Gazetteer


def test_built_file_is_current(places_file: Path) -> None:
    assert is_current(places_file)
    assert places_file.stat().st_size < 60_000_000


@pytest.mark.parametrize("content", [b"", b"not a database" * 100])
def test_a_broken_file_is_not_current(tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / "places.db"
    broken.write_bytes(content)
    assert not is_current(broken)
    assert not is_current(tmp_path / "missing.db")


def test_a_file_of_another_version_is_not_current(tmp_path: Path) -> None:
    old = tmp_path / "places.db"
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript("CREATE TABLE stamp(value TEXT); INSERT INTO stamp VALUES ('0/1.0/1.0/x');")
    assert not is_current(old)


def test_an_interrupted_build_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "places.db"
    path.write_bytes(b"old")

    def interrupt(step: str, share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(path, interrupt)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_lookup_by_id_and_by_point(gazetteer: Gazetteer) -> None:
    lyon = gazetteer.get(2996944)
    assert lyon is not None
    assert lyon.name == "Lyon"
    assert gazetteer.get(-1) is None
    nearest = gazetteer.nearest(45.75, 4.85)
    assert nearest is not None
    assert nearest.country == "FR"
    assert gazetteer.nearest(0.0, -150.0) is None
