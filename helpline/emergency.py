"""Emergency numbers of every country, from `data/guides/emergency.json`; cheap to import."""

import json
from functools import lru_cache
from typing import Any

from helpline.settings import PROJECT

FILE = PROJECT / "data" / "guides" / "emergency.json"


def number_for(country: str | None) -> str:
    """The one number to call in a country (ISO 3166-1 alpha-2): for all services, else the police.

    For an unknown country the general 112; say `is_known` first where the difference matters.
    """
    numbers = numbers_for(country)
    return str(numbers.get("all") or numbers["police"][0])


def is_known(country: str | None) -> bool:
    """Whether the data holds this country; if not, 112 is only the likeliest number."""
    return (country or "").upper() in _data()["countries"]


def numbers_for(country: str | None) -> dict[str, Any]:
    """The record of a country: `all` (one number), `police`, `ambulance`, `fire` (lists), `source`, `checked`.

    For an unknown country the general record, which has `all` and `note`.
    """
    data = _data()
    record: dict[str, Any] = data["countries"].get((country or "").upper(), data["general"])
    return record


@lru_cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return data
