"""Loads HSDS 3.0 JSON (a list of full services) into the directory's tables."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from helpline.database import Database, now
from helpline.directory.models import (
    DirectorySource,
    Language,
    Location,
    Organization,
    Phone,
    Service,
    ServiceArea,
    ServiceAtLocation,
    ServiceNeed,
)
from helpline.settings import PROJECT

SERVICES = PROJECT / "data" / "services"
NEEDS_TAXONOMY = "HavenLine needs"
PROFILE_TAXONOMY = "HavenLine profile"
COUNTRY_EXTENT = "iso3166-1"
Record = dict[str, Any]


class DirectoryError(ValueError):
    """A file that is not a list of HSDS services; the message names the file and what is wrong."""


def ensure_loaded(database: Database, folder: Path = SERVICES) -> list[str]:
    """Loads the folder's JSON files whose content changed since they were last loaded; returns their names.

    The tables must exist (`helpline.migrate.upgrade`). Raises DirectoryError.
    """
    loaded = []
    for file in sorted(folder.glob("*.json")):
        content_hash = hashlib.sha256(file.read_bytes()).hexdigest()
        with database.read() as session:
            before = session.get(DirectorySource, file.name)
            unchanged = before is not None and before.content_hash == content_hash
        if not unchanged:
            load_file(database, file)
            loaded.append(file.name)
    return loaded


def load_file(database: Database, file: Path) -> int:
    """Puts a file's services in place of those loaded from it before, in one transaction; returns how many."""
    content = file.read_bytes()
    try:
        services = _services(json.loads(content))
        with database.write() as session:
            _replace(session, file.name, services)
            session.merge(
                DirectorySource(name=file.name, content_hash=hashlib.sha256(content).hexdigest(), loaded_at=now())
            )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        what = f"{type(error).__name__}: {error}"
        raise DirectoryError(f"{file.name}: not a list of HSDS 3.0 services ({what})") from error
    return len(services)


def _services(data: Any) -> list[Record]:
    services: list[Record] = data["contents"] if isinstance(data, dict) else data
    return services


def _replace(session: Session, name: str, services: list[Record]) -> None:
    service, organization = Service.__table__.c, Organization.__table__.c
    kept = [record["id"] for record in services]
    gone = delete(Service).where(service.loaded_from == name, service.id.not_in(kept))
    session.execute(gone.execution_options(synchronize_session=False))
    for record in services:
        if record.get("organization"):
            session.merge(_organization(record["organization"]))
        for place in record.get("service_at_locations", []):
            session.merge(_location(place["location"]))
        session.flush()
        session.merge(_service(record, name))
    session.flush()
    used = select(service.organization_id).where(service.organization_id.is_not(None))
    unused = delete(Organization).where(organization.id.not_in(used))
    session.execute(unused.execution_options(synchronize_session=False))


def _organization(record: Record) -> Organization:
    return Organization(
        id=record["id"],
        name=record["name"],
        alternate_name=record.get("alternate_name"),
        description=record["description"],
        website=record.get("website"),
    )


def _service(record: Record, loaded_from: str) -> Service:
    profile = _attributes(record, PROFILE_TAXONOMY)
    needs = _attributes(record, NEEDS_TAXONOMY)
    return Service(
        id=record["id"],
        organization_id=(record.get("organization") or {}).get("id") or record.get("organization_id"),
        name=record["name"],
        alternate_name=record.get("alternate_name"),
        description=record.get("description"),
        url=record.get("url"),
        status=record["status"],
        assured_date=record.get("assured_date"),
        verified=profile.get("verified") == "true",
        source=profile.get("source"),
        loaded_from=loaded_from,
        phones=[_phone(phone) for phone in record.get("phones", [])],
        languages=[Language(id=spoken["id"], code=spoken["code"]) for spoken in record.get("languages", [])],
        areas=list(_areas(record)),
        needs=[ServiceNeed(service_id=record["id"], need=need, how=how or "provides") for need, how in needs.items()],
        places=[
            ServiceAtLocation(id=place["id"], location_id=place["location"]["id"])
            for place in record.get("service_at_locations", [])
        ],
    )


def _attributes(record: Record, taxonomy: str) -> dict[str, str | None]:
    """The values of a record's attributes in one taxonomy, by the term's code."""
    return {
        attribute["taxonomy_term"]["code"]: attribute.get("value")
        for attribute in record.get("attributes", [])
        if attribute["taxonomy_term"].get("taxonomy") == taxonomy
    }


def _phone(record: Record) -> Phone:
    return Phone(
        id=record["id"],
        number=record["number"],
        type=record.get("type") or "voice",
        description=record.get("description"),
    )


def _areas(record: Record) -> Iterable[ServiceArea]:
    for area in record.get("service_areas", []):
        if area.get("extent_type") == COUNTRY_EXTENT:
            yield ServiceArea(id=area["id"], country=area["extent"])


def _location(record: Record) -> Location:
    confidential = _attributes(record, PROFILE_TAXONOMY).get("confidential") == "true"
    address = (record.get("addresses") or [{}])[0]
    lines = (address.get("address_1"), address.get("address_2"), address.get("postal_code"), address.get("city"))
    return Location(
        id=record["id"],
        location_type=record["location_type"],
        name=None if confidential else record.get("name"),
        address=None if confidential else ", ".join(line for line in lines if line) or None,
        area=address.get("city"),
        country=address.get("country"),
        latitude=None if confidential else record.get("latitude"),
        longitude=None if confidential else record.get("longitude"),
        time_zone=_attributes(record, PROFILE_TAXONOMY).get("time_zone"),
        confidential=confidential,
    )
