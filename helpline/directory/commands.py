"""`havenline near`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from helpline.directory.search import Answer, Found
    from helpline.places.gazetteer import Gazetteer
    from helpline.places.model import Place


class BadInput(click.ClickException):
    """One line on stderr, exit code 2."""

    exit_code = 2


@click.command()
@click.option("--need", required=True, help="shelter, legal, … or an intent such as find_legal_help")
@click.option("--place", help="a place, as a person would write it")
@click.option("--lat", type=click.FloatRange(-90, 90), help="latitude in degrees")
@click.option("--lon", type=click.FloatRange(-180, 180), help="longitude in degrees")
@click.option("--country", help="country, ISO 3166-1 alpha-2")
@click.option("--language", default="en", show_default=True, help="language, ISO 639-1")
@click.option("--limit", type=click.IntRange(1, 100), default=5, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="one JSON object on stdout")
def near(
    need: str,
    place: str | None,
    lat: float | None,
    lon: float | None,
    country: str | None,
    language: str,
    limit: int,
    as_json: bool,
) -> None:
    """Services near a place, and the emergency number there."""
    wanted, country = _need(need), _country(country)
    gazetteer = _gazetteer()
    if place is not None and lat is None and lon is None:
        where = _named(gazetteer, place, country, language)
        lat, lon, country = where.latitude, where.longitude, where.country
    elif place is None and lat is not None and lon is not None:
        town = gazetteer.nearest(lat, lon)
        country = country or (town.country if town else None)
    else:
        raise BadInput("say where: --place NAME, or both --lat and --lon")
    answer = _answer(wanted, lat, lon, country, language, limit)
    click.echo(_as_json(answer, wanted, country) if as_json else _as_text(answer, country, language))


def _need(name: str) -> str:
    from helpline.directory.needs import UnknownNeed, need_for

    try:
        return need_for(name)
    except UnknownNeed as error:
        raise BadInput(str(error)) from None


def _country(code: str | None) -> str | None:
    from babel import Locale

    if code is None:
        return None
    if len(code) != 2 or code.upper() not in Locale("en").territories:
        raise BadInput("--country is a code of two letters, such as FR")
    return code.upper()


def _gazetteer() -> Gazetteer:
    from helpline.places.gazetteer import Gazetteer, ensure_built

    return Gazetteer(ensure_built(lambda step, share: click.echo(f"places: {step}, {share:.0%}", err=True)))


def _named(gazetteer: Gazetteer, text: str, country: str | None, language: str) -> Place:
    """The place meant; an ambiguous name's choices are printed and the first is taken."""
    from helpline.places.labels import label

    mentions = gazetteer.find(text, country, language=language, asked=True)
    mentions = mentions or gazetteer.find(text, country, asked=True)
    if not mentions:
        raise BadInput("no such place is known; try the nearest town, or --lat and --lon")
    mention = mentions[0]
    choices = [candidate for candidate in mention.candidates if country in (None, candidate.country)]
    if mention.ambiguous and len(choices) > 1:
        names = "; ".join(label(candidate, language) for candidate in choices)
        more = "" if country else "; --country CC decides"
        click.echo(f"several places have this name: {names}. Taking the first{more}.", err=True)
    return mention.best


def _answer(
    need: str, latitude: float | None, longitude: float | None, country: str | None, language: str, limit: int
) -> Answer:
    from helpline.database import Database
    from helpline.directory.load import DirectoryError, ensure_loaded
    from helpline.directory.search import answer
    from helpline.migrate import upgrade
    from helpline.settings import settings

    database = Database(settings().database)
    try:
        upgrade(database)
        for name in ensure_loaded(database):
            click.echo(f"directory: loaded {name}", err=True)
        with database.read() as session:
            return answer(session, need, latitude, longitude, country, language, limit)
    except DirectoryError as error:
        raise BadInput(str(error)) from None
    finally:
        database.close()


def _as_json(answer: Answer, need: str, country: str | None) -> str:
    return json.dumps({"need": need, "country": country, **asdict(answer)}, ensure_ascii=False)


def _as_text(answer: Answer, country: str | None, language: str) -> str:
    from helpline.places.labels import country_name

    lines = [_line(found) for found in answer.found]
    if answer.only_emergency:
        lines.append("No service is known here: only the emergency number is left.")
    elif answer.radius_km is None:
        lines.append("No local service is known within 100 km: these serve the whole country.")
    elif answer.widened:
        lines.append(f"Nothing within 25 km: looked as far as {answer.radius_km} km.")
    where = country_name(country, language) if country else "an unknown country"
    sure = "" if answer.emergency_known else " (likeliest number; not certain here)"
    return "\n".join([*lines, f"Emergency number, {where}: {answer.emergency}{sure}"])


def _line(found: Found) -> str:
    numbers = [*found.phones, *([f"text {found.text_word or ''} to {found.text_number}"] if found.text_number else [])]
    distance = "" if found.distance_km is None else f", {found.distance_km:.1f} km"
    trust = f"checked {found.checked}" if found.verified else "not verified"
    return f"{found.name}{distance}: {'; '.join(numbers) or 'no number'} ({found.how}; {trust})"
