from collections.abc import Iterator
from pathlib import Path

import pytest

from helpline.database import Database
from helpline.directory.models import Service
from helpline.models import Base


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'directory.db'}")
    assert Service.__tablename__ in Base.metadata.tables
    Base.metadata.create_all(opened.engine)
    yield opened
    opened.close()
