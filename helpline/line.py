"""The helpline as one object: its databases and keys, opened from the settings."""

from dataclasses import dataclass

from helpline.database import Database
from helpline.keys import Keys, open_ring
from helpline.settings import Settings


@dataclass(frozen=True)
class Line:
    """What every function of the domain core works on."""

    settings: Settings
    database: Database
    keys: Keys


def open_line(settings: Settings) -> Line:
    """The line of these settings; makes the key ring when there is none."""
    keys = Keys(open_ring(settings.key_ring), Database(settings.keys_database))
    return Line(settings, Database(settings.database), keys)
