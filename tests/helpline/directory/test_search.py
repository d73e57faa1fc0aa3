import json
from pathlib import Path
from typing import Any

import pytest

from helpline.database import Database
from helpline.directory.load import ensure_loaded
from helpline.directory.needs import UnknownNeed, all_needs
from helpline.directory.search import Answer, answer, near

LYON = (45.764, 4.8357)


def term(taxonomy: str, code: str, value: str) -> dict[str, Any]:
    return {"value": value, "taxonomy_term": {"code": code, "taxonomy": taxonomy}}


def local(name: str, latitude: float, longitude: float, confidential: bool = False) -> dict[str, Any]:
    secret = [term("HavenLine profile", "confidential", "true")] if confidential else []
    place = {"id": f"place-{name}", "location_type": "physical", "latitude": latitude, "longitude": longitude}
    place |= {"addresses": [{"address_1": "1 Rue X", "city": "Lyon", "country": "FR"}], "attributes": secret}
    return {
        "id": name,
        "name": name,
        "status": "active",
        "service_at_locations": [{"id": f"at-{name}", "location": place}],
        "service_areas": [{"id": f"area-{name}", "extent_type": "iso3166-1", "extent": "FR"}],
        "attributes": [term("HavenLine needs", "legal", "provides")],
    }


def load(database: Database, folder: Path, *services: dict[str, Any]) -> None:
    (folder / "local.json").write_text(json.dumps(services), encoding="utf-8")
    ensure_loaded(database, folder)
    ensure_loaded(database)


def ask(database: Database, need: str, point: tuple[float, float] | None, country: str | None) -> Answer:
    latitude, longitude = point or (None, None)
    with database.read() as session:
        return answer(session, need, latitude, longitude, country, "en", 10)


def names(found: Answer) -> list[str]:
    return [service.name for service in found.found]


def test_nearest_first_then_the_countrys_lines(database: Database, tmp_path: Path) -> None:
    load(database, tmp_path, local("far", 45.9, 4.84), local("close", 45.77, 4.84))
    found = ask(database, "find_legal_help", LYON, "FR")
    assert names(found) == ["close", "far", "France Victimes", "Violences Femmes Info"]
    assert (found.radius_km, found.widened) == (25, False)
    assert found.found[0].distance_km == pytest.approx(0.74, abs=0.05)
    assert found.found[2].distance_km is None


@pytest.mark.parametrize(("latitude", "radius"), [(46.1, 50), (46.5, 100), (47.5, None)])
def test_the_circle_widens_and_says_so(database: Database, tmp_path: Path, latitude: float, radius: int | None) -> None:
    load(database, tmp_path, local("away", latitude, LYON[1]))
    found = ask(database, "legal", LYON, "FR")
    assert (found.radius_km, found.widened) == (radius, True)
    assert ("away" in names(found)) == (radius is not None)


def test_the_box_crosses_the_180th_meridian_and_reaches_the_pole(database: Database, tmp_path: Path) -> None:
    load(database, tmp_path, local("fiji", -17.0, -179.95), local("pole", 89.95, 100.0))
    assert ask(database, "legal", (-17.0, 179.95), None).found[0].name == "fiji"
    assert ask(database, "legal", (89.95, -80.0), None).found[0].name == "pole"


def test_a_confidential_place_gives_its_area_only(database: Database, tmp_path: Path) -> None:
    load(database, tmp_path, local("house", *LYON, confidential=True))
    (house,) = [service for service in ask(database, "legal", LYON, "FR").found if service.name == "house"]
    assert house.confidential
    assert (house.address, house.distance_km, house.area) == (None, None, "Lyon")


@pytest.mark.parametrize("need", all_needs())
def test_a_national_line_answers_every_need(database: Database, need: str) -> None:
    ensure_loaded(database)
    assert ask(database, need, LYON, "FR").found


def test_how_it_helps_is_said_honestly(database: Database) -> None:
    ensure_loaded(database)
    assert ask(database, "shelter", None, "GB").found[0].how == "refers"
    assert ask(database, "counselling", None, "GB").found[0].how == "provides"
    assert ask(database, "embassy", None, "GB").found[0].how == "listens"


def test_a_line_to_text(database: Database) -> None:
    ensure_loaded(database)
    (line,) = [found for found in ask(database, "counselling", None, "US").found if found.text_number]
    assert (line.text_word, line.text_number, line.phones) == ("START", "88788", ("1-800-799-7233",))


def test_only_the_emergency_number_is_left(database: Database) -> None:
    ensure_loaded(database)
    found = ask(database, "shelter", (43.7, -79.4), "CA")
    assert found.only_emergency
    assert (found.emergency, found.emergency_known) == ("911", True)
    assert not ask(database, "shelter", None, None).emergency_known


def test_an_unknown_need_is_refused(database: Database) -> None:
    with pytest.raises(UnknownNeed), database.read() as session:
        near(session, "pizza", None, None, "FR", "en", 5)
