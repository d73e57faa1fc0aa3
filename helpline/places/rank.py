"""Which of several places of one name is meant: known country first, then population."""

from collections.abc import Iterable

from geopy.distance import great_circle

from helpline.places.labels import label
from helpline.places.model import KIND_CITY, KIND_COUNTRY, KIND_REGION, Place

DOMINANCE = 10  # a place this many times as big as the next is the one meant
MOST = 4  # candidates a person is asked to choose from
SAME_PLACE_KM = 30  # a smaller namesake this close is a part of the bigger one
NEAR_KM = 100
CITY_STATE = 0.15  # share of a country's people beyond which its name means the city (Singapore, Luxembourg)
FAMOUS_CITY = 500_000  # a city this big is meant rather than the US state of its name (New York)


def rank(
    places: Iterable[Place], country: str | None = None, near: tuple[float, float] | None = None
) -> tuple[tuple[Place, ...], bool]:
    """At most four candidates, best first, and whether a person must be asked which one they mean.

    A known `country` (ISO 3166-1) puts its places first; a place abroad that is ten times as big makes it a question.
    """
    found = _distinct(_one_per_country_name(places))
    close = [place for place in found if near and _distance(place, near) <= NEAR_KM]
    if close:
        return (close[0],), False
    home = [place for place in found if place.country == country]
    abroad = [place for place in found if place.country != country]
    if not home:
        return _by_population(found)
    first, unsure = _by_population(home)
    bigger = [place for place in abroad if _weight(place) >= DOMINANCE * _weight(first[0])]
    if bigger:
        return (*first[: MOST - 1], *bigger)[:MOST], True
    return first, unsure


def _by_population(places: list[Place]) -> tuple[tuple[Place, ...], bool]:
    rivals = [place for place in places if _weight(places[0]) < DOMINANCE * _weight(place)]
    return tuple(rivals[:MOST]) or tuple(places[:1]), len(rivals) > 1


def _weight(place: Place) -> int:
    return max(place.population, FAMOUS_CITY if place.kind == KIND_REGION else 1)


def _one_per_country_name(places: Iterable[Place]) -> list[Place]:
    """A country and its town of the same name, or a state and a great city, are one answer, not a question."""
    found = sorted(set(places), key=_weight, reverse=True)
    countries = {place.country: place for place in found if place.kind == KIND_COUNTRY}
    city_states = {
        place.country
        for place in found
        if place.kind == KIND_CITY
        and place.country in countries
        and place.population >= CITY_STATE * countries[place.country].population
    }
    famous = any(place.kind != KIND_REGION and place.population >= FAMOUS_CITY for place in found)
    return [
        place
        for place in found
        if not (place.kind == KIND_COUNTRY and place.country in city_states)
        and not (place.kind == KIND_CITY and place.country in countries and place.country not in city_states)
        and not (place.kind == KIND_REGION and famous and place.name not in {c.name for c in countries.values()})
    ]


def _distinct(places: list[Place]) -> list[Place]:
    kept: list[Place] = []
    for place in places:
        if not any(_same(place, other) for other in kept):
            kept.append(place)
    return kept


def _same(place: Place, other: Place) -> bool:
    if label(place, "en") == label(other, "en"):
        return True
    if place.country != other.country or place.latitude is None or other.latitude is None:
        return False
    return _distance(place, (other.latitude, other.longitude or 0.0)) <= SAME_PLACE_KM


def _distance(place: Place, point: tuple[float, float]) -> float:
    if place.latitude is None:
        return float("inf")
    return float(great_circle((place.latitude, place.longitude), point).km)
