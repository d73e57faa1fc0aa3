"""Brings the database's tables to the newest form, with Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from helpline.database import Database

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> None:
    """Migrates to the newest form; does nothing when it has it already."""
    with database.engine.begin() as connection:
        command.upgrade(_config(connection), "head")


def _config(connection: object) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def new_revision(database: Database, message: str) -> None:
    """Writes a migration from the difference between tables and models, for developers."""
    with database.engine.begin() as connection:
        command.revision(_config(connection), message, autogenerate=True)
