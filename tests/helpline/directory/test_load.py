import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from helpline.database import Database
from helpline.directory.load import SERVICES, DirectoryError, ensure_loaded
from helpline.directory.models import Location, Phone, Service


def service(number: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"service-{number}",
        "name": f"Service {number}",
        "status": "active",
        "organization": {"id": f"organization-{number}", "name": "Organization", "description": ""},
        "phones": [{"id": f"phone-{number}", "number": "123"}],
        **more,
    }


def write(folder: Path, *services: Any) -> None:
    (folder / "some.json").write_text(json.dumps(services), encoding="utf-8")


def count(database: Database, table: Any) -> int:
    with database.read() as session:
        return int(session.scalar(select(func.count()).select_from(table)))


def test_the_national_lines_load_once(database: Database) -> None:
    assert ensure_loaded(database) == ["national.json"]
    assert count(database, Service) == len(json.loads((SERVICES / "national.json").read_text(encoding="utf-8")))
    assert ensure_loaded(database) == []


def test_a_changed_file_replaces_what_it_held(database: Database, tmp_path: Path) -> None:
    write(tmp_path, service(1), service(2))
    ensure_loaded(database, tmp_path)
    write(tmp_path, service(2, name="Renamed", phones=[{"id": "new", "number": "456"}]), service(3))
    assert ensure_loaded(database, tmp_path) == ["some.json"]
    with database.read() as session:
        assert set(session.scalars(select(Service.name))) == {"Renamed", "Service 3"}
        assert set(session.scalars(select(Phone.number))) == {"456", "123"}


def test_a_bad_file_changes_nothing_and_is_named(database: Database, tmp_path: Path) -> None:
    write(tmp_path, service(1))
    ensure_loaded(database, tmp_path)
    write(tmp_path, service(2), {"id": "no name"})
    with pytest.raises(DirectoryError, match="some.json"):
        ensure_loaded(database, tmp_path)
    with database.read() as session:
        assert list(session.scalars(select(Service.id))) == ["service-1"]


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'{"a": 1}', b"\xff\xfe", b"null"])
def test_what_is_not_hsds_is_refused(database: Database, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "some.json").write_bytes(content)
    with pytest.raises(DirectoryError, match="some.json"):
        ensure_loaded(database, tmp_path)


def test_a_confidential_place_is_stored_without_address_and_coordinates(database: Database, tmp_path: Path) -> None:
    secret = {
        "id": "place",
        "location_type": "physical",
        "name": "Rose House",
        "latitude": 45.7,
        "longitude": 4.8,
        "addresses": [{"address_1": "1 Rue X", "city": "Lyon", "country": "FR"}],
        "attributes": [{"value": "true", "taxonomy_term": {"code": "confidential", "taxonomy": "HavenLine profile"}}],
    }
    write(tmp_path, service(1, service_at_locations=[{"id": "at", "location": secret}]))
    ensure_loaded(database, tmp_path)
    with database.read() as session:
        place = session.get(Location, "place")
        assert place.confidential
        assert (place.name, place.address, place.latitude, place.longitude) == (None, None, None, None)
        assert place.area == "Lyon"
    database.close()
    files = list(tmp_path.glob("directory.db*"))
    assert files
    assert all(b"Rue X" not in file.read_bytes() for file in files)
