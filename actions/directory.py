"""Where the person is, and what the directory knows there."""

from dataclasses import dataclass
from functools import lru_cache

from actions.conversation import Conversation
from helpline.database import Database
from helpline.directory.search import Found, near
from helpline.places.gazetteer import open_gazetteer
from helpline.places.model import Place
from helpline.settings import settings

CRISIS_NEED = "crisis"


@dataclass(frozen=True)
class Whereabouts:
    """The place a person named, if any, and the country they are in as far as we know."""

    place: Place | None
    country: str | None


def whereabouts(turn: Conversation) -> Whereabouts:
    """Where the person is: the place named last, else the country named last, else the phone's."""
    place = place_of(turn.tracker.slots.get("place"))
    return Whereabouts(place, place.country if place else turn.country)


def place_of(geonameid: object) -> Place | None:
    """The place with this GeoNames id, None for an unknown or malformed one."""
    text = str(geonameid)
    return open_gazetteer().get(int(text)) if text.isascii() and text.isdecimal() else None


def search(need: str, at: Whereabouts, language: str, limit: int) -> list[Found]:
    """Services for a need, nearest first, then the country's own lines."""
    latitude = at.place.latitude if at.place else None
    longitude = at.place.longitude if at.place else None
    with directory().read() as session:
        return near(session, need, latitude, longitude, at.country, language, limit)


def crisis_line(country: str | None) -> str | None:
    """Name and number of a country's crisis line, None when the directory has none."""
    if not country:
        return None
    found = [f for f in search(CRISIS_NEED, Whereabouts(None, country), "en", 5) if f.how == "provides" and contacts(f)]
    return f"{found[0].name} {contacts(found[0])[0]}" if found else None


def contacts(service: Found) -> list[str]:
    """The numbers of a service to call, and the one to text."""
    return [*service.phones, *([f"SMS {service.text_number}"] if service.text_number else [])]


@lru_cache
def directory() -> Database:
    """The edge's database; the engine only reads its directory."""
    return Database(settings().database)
