"""Finds the places that a message names."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from helpline.places.evidence import Evidence
from helpline.places.model import KIND_CITY, KIND_COUNTRY, KIND_REGION, Mention, Place
from helpline.places.rank import rank
from helpline.places.spans import EXACT, Span, spans
from helpline.places.words import ANY, Word, grammar, words

EXACT_WEIGHT = 5  # a name as written is preferred unless an inflected one is a place this many times as big
Lookup = Callable[[Iterable[str]], dict[str, list[Place]]]


@dataclass(frozen=True)
class _Named:
    span: Span
    places: tuple[Place, ...]
    qualified: bool = False


def find(
    lookup: Lookup,
    text: str,
    country: str | None = None,
    near: tuple[float, float] | None = None,
    language: str = ANY,
    asked: bool = False,
) -> list[Mention]:
    """The places that a message names, in order, offsets into `text`, none overlapping.

    `country` (ISO 3166-1) is where the person probably is, `near` a point (latitude, longitude) they are near,
    `language` the message's (ISO 639-1), `asked` whether they were just asked for their place.
    """
    message = words(text)
    rules = grammar(language)
    possible = list(dict.fromkeys(spans(message, rules)))
    known = lookup({span.key for span in possible})
    named = [_Named(span, tuple(known[span.key])) for span in possible if span.key in known]
    evidence = Evidence(message, rules, language, asked)
    accepted = [
        name
        for name in [*_qualified(named, message), *named]
        if evidence.supports(name.span, name.places, name.qualified)
    ]
    return [_mention(name, country, near) for name in _longest(accepted)]


def _mention(name: _Named, country: str | None, near: tuple[float, float] | None) -> Mention:
    candidates, ambiguous = rank(name.places, None if name.qualified else country, near)
    return Mention(name.span.start, name.span.end, candidates, ambiguous)


def _qualified(named: list[_Named], message: list[Word]) -> list[_Named]:
    """Towns with their country or state beside them, before or after ("Paris, Texas", "Ukraine, Kharkiv")."""
    wider = [name for name in named if any(place.kind != KIND_CITY for place in name.places)]
    pairs = [(town, area) for town in named for area in wider]
    found = [_joined(town, area) for town, area in pairs if _adjacent(town.span, area.span, message)]
    found += [_with_state(town, message) for town in named]
    return [pair for pair in found if pair]


def _adjacent(town: Span, area: Span, message: list[Word]) -> bool:
    if town.last + 1 == area.first:
        return message[area.first].gap.strip() in ("", ",", "،", "，", "(", "/", "-", ".", "、")
    return area.last + 1 == town.first and message[town.first].gap.strip() in ("", ",", "،", "，", "/", "-", "、")


def _joined(town: _Named, area: _Named) -> _Named | None:
    countries = {place.country for place in area.places if place.kind == KIND_COUNTRY}
    states = {place.admin1 for place in area.places if place.kind == KIND_REGION}
    inside = tuple(
        place
        for place in town.places
        if place.kind == KIND_CITY
        and (place.country in countries or (place.country == "US" and place.admin1 in states))
    )
    return _Named(_cover(town.span, area.span), inside, True) if inside else None


def _with_state(town: _Named, message: list[Word]) -> _Named | None:
    """A town followed by a state's postal code: capitals, or the last word of the message."""
    after = town.span.last + 1
    if after >= len(message) or not (message[after].text.isupper() or after == len(message) - 1):
        return None
    code = message[after]
    inside = tuple(
        place
        for place in town.places
        if place.kind == KIND_CITY and place.country == "US" and place.admin1.casefold() == code.folded
    )
    area = Span(after, after, code.start, code.end, code.folded)
    return _Named(_cover(town.span, area), inside, True) if inside else None


def _cover(one: Span, other: Span) -> Span:
    return Span(
        min(one.first, other.first),
        max(one.last, other.last),
        min(one.start, other.start),
        max(one.end, other.end),
        one.key,
        one.how,
    )


def _longest(accepted: list[_Named]) -> list[_Named]:
    """The longest names first, then the likeliest spelling."""
    chosen: list[_Named] = []
    for name in sorted(accepted, key=_preference):
        if all(name.span.last < other.span.first or other.span.last < name.span.first for other in chosen):
            chosen.append(name)
    return sorted(chosen, key=lambda name: name.span.start)


def _preference(name: _Named) -> tuple[int, int]:
    span = name.span
    likely = EXACT_WEIGHT if span.how == EXACT else 1
    return span.first - span.last, -likely * max(place.population for place in name.places)
