"""Services near a place: local ones first, then the country's lines, and always a number to call."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import cos, radians

from geopy.distance import geodesic
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from helpline.directory.models import Location, Service, ServiceArea, ServiceAtLocation, ServiceNeed
from helpline.directory.needs import FALLBACK, need_for
from helpline.emergency import is_known, number_for

RADII_KM = (25, 50, 100)
KM_PER_DEGREE = 110.5  # of latitude, at the equator, where it is least
HOW_GOOD = ("provides", "informs", "refers", "listens")


@dataclass(frozen=True)
class Found:
    """A service; `distance_km` is None unless its place is known, `address` also when that is confidential.

    `how`: it `provides` what is needed, `informs` about it, `refers` to it, or only `listens`.
    """

    name: str
    organization: str
    phones: tuple[str, ...]
    text_number: str | None
    text_word: str | None
    distance_km: float | None
    area: str | None
    address: str | None
    confidential: bool
    verified: bool
    checked: str | None
    source: str | None
    how: str


@dataclass(frozen=True)
class Answer:
    """What a search found: `radius_km` of the local services, None when there are none within 100 km.

    `widened` when nothing was within 25 km; `only_emergency` when `emergency` is all that is left.
    """

    found: tuple[Found, ...]
    radius_km: int | None
    widened: bool
    emergency: str
    emergency_known: bool

    @property
    def only_emergency(self) -> bool:
        """Whether the emergency number is all there is."""
        return not self.found


def near(
    session: Session,
    need: str,
    latitude: float | None,
    longitude: float | None,
    country: str | None,
    language: str,
    limit: int,
) -> list[Found]:
    """The services of `answer`, at most `limit`; empty when only the emergency number is left."""
    return list(answer(session, need, latitude, longitude, country, language, limit).found)


def answer(
    session: Session,
    need: str,
    latitude: float | None,
    longitude: float | None,
    country: str | None,
    language: str,
    limit: int,
) -> Answer:
    """Services for a need (short name or intent) near a point, nearest first, then lines of the country.

    Degrees in WGS84, country in ISO 3166-1. A national line answers every need, by listening at least.
    Raises UnknownNeed.
    """
    wanted = need_for(need)
    radius, local = None, list[Found]()
    if latitude is not None and longitude is not None:
        radius, local = _local(session, wanted, latitude, longitude)
    lines = _lines(session, wanted, country.upper(), language) if country else []
    return Answer(
        found=tuple([*local, *lines][:limit]),
        radius_km=radius,
        widened=radius != RADII_KM[0] and latitude is not None,
        emergency=number_for(country),
        emergency_known=is_known(country),
    )


def _local(session: Session, need: str, latitude: float, longitude: float) -> tuple[int | None, list[Found]]:
    for radius in RADII_KM:
        found = [
            (geodesic((latitude, longitude), (place.latitude, place.longitude)).km, service, place)
            for service, place in _in_box(session, need, latitude, longitude, radius)
        ]
        inside = sorted((f for f in found if f[0] <= radius), key=lambda f: f[0])
        if inside:
            return radius, [_found(service, need, distance, place) for distance, service, place in inside]
    return None, []


def _in_box(
    session: Session, need: str, latitude: float, longitude: float, radius: float
) -> Iterable[tuple[Service, Location]]:
    high = radius / KM_PER_DEGREE
    wide = high / max(cos(radians(min(abs(latitude) + high, 90))), 1e-9)
    west, east = longitude - wide, longitude + wide
    # Across the 180th meridian the box is two boxes.
    at = Location.__table__.c
    columns = [at.longitude.between(west, east)]
    columns += [at.longitude.between(west + 360, 180)] if west < -180 else []
    columns += [at.longitude.between(-180, east - 360)] if east > 180 else []
    query = (
        select(Service, Location)
        .join(ServiceAtLocation, ServiceAtLocation.service_id == Service.id)
        .join(Location, Location.id == ServiceAtLocation.location_id)
        .join(ServiceNeed, and_(ServiceNeed.service_id == Service.id, ServiceNeed.need == need))
        .where(Service.status == "active", at.confidential.is_(False))
        .where(at.latitude.between(latitude - high, latitude + high), or_(*columns))
    )
    return [(service, place) for service, place in session.execute(query)]


def _lines(session: Session, need: str, country: str, language: str) -> list[Found]:
    """Services for a whole country and those whose place is kept secret: the most helpful, surest first."""
    query = (
        select(Service)
        .join(ServiceArea, ServiceArea.service_id == Service.id)
        .where(ServiceArea.country == country, Service.status == "active")
    )
    services = [service for service in session.scalars(query).unique() if _how(service, need)]
    services = [service for service in services if not _has_place(service)]
    services.sort(key=lambda service: language not in {spoken.code for spoken in service.languages})
    found = [_found(service, need, None, None) for service in services]
    return sorted(found, key=lambda line: (HOW_GOOD.index(line.how), not line.verified))


def _has_place(service: Service) -> bool:
    return any(place.location.latitude is not None for place in service.places)


def _how(service: Service, need: str) -> str | None:
    helps = {record.need: record.how for record in service.needs}
    return helps.get(need) or ("listens" if FALLBACK in helps else None)


def _found(service: Service, need: str, distance: float | None, place: Location | None) -> Found:
    place = place or next((where.location for where in service.places), None)
    texts = [phone for phone in service.phones if phone.type == "text"]
    return Found(
        name=service.name,
        organization=service.organization.name if service.organization else service.name,
        phones=tuple(dict.fromkeys(phone.number for phone in service.phones if phone.type == "voice")),
        text_number=texts[0].number if texts else None,
        text_word=texts[0].description if texts else None,
        distance_km=None if distance is None else round(distance, 1),
        area=place.area if place else None,
        address=place.address if place and not place.confidential else None,
        confidential=bool(place and place.confidential),
        verified=service.verified,
        checked=service.assured_date,
        source=service.source,
        how=_how(service, need) or "listens",
    )
