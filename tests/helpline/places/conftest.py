from collections.abc import Iterator
from pathlib import Path

import pytest

from helpline.places.build import build
from helpline.places.gazetteer import Gazetteer


@pytest.fixture(scope="session")
def places_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("places") / "places.db"
    build(path)
    return path


@pytest.fixture(scope="session")
def gazetteer(places_file: Path) -> Iterator[Gazetteer]:
    opened = Gazetteer(places_file)
    yield opened
    opened.close()
