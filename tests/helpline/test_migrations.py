"""The tables that migrations make are those of the models, and migrating twice is migrating once."""

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

import helpline.directory.models  # noqa: F401  registers the directory's tables
from helpline.database import Database
from helpline.line import Line
from helpline.migrate import upgrade
from helpline.models import Base


def test_migrated_tables_equal_the_models(line: Line) -> None:
    with line.database.engine.connect() as connection:
        difference = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    ours = [change for change in difference if getattr(change[1], "name", "") != "sqlite_sequence"]  # SQLite's own
    assert ours == []


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/line.db")
    described = []
    for _ in range(2):
        upgrade(database)
        with database.read() as session:
            described.append(session.execute(text("SELECT sql FROM sqlite_master ORDER BY name")).all())
    assert described[0] == described[1]
    assert {"conversation", "message", "outbox", "event"} <= set(inspect(database.engine).get_table_names())
