"""The gazetteer file, opened for look-up."""

import sqlite3
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from geopy.distance import great_circle

from helpline.places.build import Progress, build, is_current
from helpline.places.find import find
from helpline.places.model import KIND_CITY, Mention, Place
from helpline.places.rank import DOMINANCE
from helpline.places.words import ANY, key
from helpline.settings import settings

_BATCH = 900  # keys in one query; SQLite's old limit on parameters is 999
_COLUMNS = "p.id, p.kind, p.name, p.latitude, p.longitude, p.country, p.admin1, p.population"
_QUERY = f"SELECT s.folded, {_COLUMNS} FROM spelling s JOIN place p ON p.id = s.place WHERE s.folded IN ({{}})"

_AROUND = f"SELECT {_COLUMNS} FROM place p WHERE p.latitude BETWEEN ? AND ?"
_DEGREES = (0.1, 0.5, 2.0)


class Gazetteer:
    """Places by name, from a file that `build` wrote; one may be shared between threads."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True, check_same_thread=False)

    def lookup(self, keys: Iterable[str]) -> dict[str, list[Place]]:
        """The places of each key (see `words.key`) that names any; keys without a place are left out."""
        found: dict[str, list[Place]] = {}
        wanted = list(keys)
        for start in range(0, len(wanted), _BATCH):
            batch = wanted[start : start + _BATCH]
            marks = ",".join("?" * len(batch))
            for folded, *columns in self._connection.execute(_QUERY.format(marks), batch):
                found.setdefault(folded, []).append(Place(*columns))
        return {folded: _own_names_first(folded, places) for folded, places in found.items()}

    def get(self, geonameid: int) -> Place | None:
        """The place with this GeoNames id, None when there is none."""
        row = self._connection.execute(f"SELECT {_COLUMNS} FROM place p WHERE p.id = ?", (geonameid,)).fetchone()
        return Place(*row) if row else None

    def find(
        self,
        text: str,
        country: str | None = None,
        near: tuple[float, float] | None = None,
        language: str = ANY,
        asked: bool = False,
    ) -> list[Mention]:
        """The places a message names, in order; see `helpline.places.find.find`."""
        return find(self.lookup, text, country, near, language, asked)

    def nearest(self, latitude: float, longitude: float) -> Place | None:
        """The town nearest to a point in degrees, None when there is none within about 200 km."""
        for around in _DEGREES:
            towns = self._connection.execute(_AROUND, (latitude - around, latitude + around)).fetchall()
            close = [Place(*row) for row in towns if abs((row[4] - longitude + 180) % 360 - 180) <= 3 * around]
            if close:
                return min(close, key=lambda p: great_circle((p.latitude, p.longitude), (latitude, longitude)).km)
        return None

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()


def gazetteer_path() -> Path:
    """Where this installation keeps its gazetteer."""
    return settings().data_dir / "places.db"


def ensure_built(progress: Progress = lambda step, share: None) -> Path:
    """The path of an up-to-date gazetteer file, built first (about half a minute) when missing or old."""
    path = gazetteer_path()
    if not is_current(path):
        build(path, progress)
    return path


@lru_cache
def open_gazetteer() -> Gazetteer:
    """This process's gazetteer; builds the file when it is missing or old."""
    return Gazetteer(ensure_built())


def _own_names_first(folded: str, places: list[Place]) -> list[Place]:
    """Without the towns that only once bore a name, where a town of the country bears it now (Madrid, Iowa)."""
    bearers = sorted((p for p in places if key(p.name) == folded), key=lambda p: p.population)
    own = {place.country: place.population for place in bearers}  # the biggest of each country
    return [
        place
        for place in places
        if key(place.name) == folded
        or place.kind != KIND_CITY
        or place.country not in own
        or place.population >= DOMINANCE * max(own[place.country], 1)
    ]
