"""Tables of the directory: names and ids as in HSDS 3.0, the subset that is used, and our profile.

The profile: `verified`, `source` and `assured_date` (when it was checked) of a service, and `confidential` of a
location, which has neither address nor coordinates in this database.
"""

from sqlalchemy import Boolean, Column, Float, ForeignKey, Index, String, Text
from sqlalchemy.orm import relationship

from helpline.database import UtcTime, now
from helpline.models import Base

ID = String(64)
COUNTRY = String(2)  # ISO 3166-1 alpha-2


def _child_of(table: str, nullable: bool = True) -> Column:
    return Column(ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=nullable, index=True)


class Organization(Base):
    """Who gives services."""

    __tablename__ = "organization"

    id = Column(ID, primary_key=True)
    name = Column(Text, nullable=False)
    alternate_name = Column(Text)
    description = Column(Text, nullable=False, default="")
    website = Column(Text)


class Service(Base):
    """What an organization does for people, and how far the record can be trusted."""

    __tablename__ = "service"

    id = Column(ID, primary_key=True)
    organization_id = _child_of("organization")
    name = Column(Text, nullable=False)
    alternate_name = Column(Text)
    description = Column(Text)
    url = Column(Text)
    status = Column(String(32), nullable=False, default="active")
    assured_date = Column(String(32))
    verified = Column(Boolean, nullable=False, default=False)
    source = Column(Text)
    loaded_from = Column(String(255), index=True)

    organization = relationship(Organization, lazy="joined")
    phones = relationship("Phone", lazy="selectin", order_by="Phone.id", cascade="all, delete-orphan")
    languages = relationship("Language", lazy="selectin", cascade="all, delete-orphan")
    areas = relationship("ServiceArea", lazy="selectin", cascade="all, delete-orphan")
    needs = relationship("ServiceNeed", lazy="selectin", cascade="all, delete-orphan")
    places = relationship("ServiceAtLocation", lazy="selectin", cascade="all, delete-orphan")


class Phone(Base):
    """A number as people dial it there; `type` is `voice` or `text`, `description` the word to text."""

    __tablename__ = "phone"

    id = Column(ID, primary_key=True)
    service_id = _child_of("service")
    number = Column(String(64), nullable=False)
    type = Column(String(16), nullable=False, default="voice")
    description = Column(Text)


class Location(Base):
    """Where a service is given; `area` (a town) is all that a confidential one shows."""

    __tablename__ = "location"
    __table_args__ = (Index("location_by_coordinates", "latitude", "longitude"),)

    id = Column(ID, primary_key=True)
    location_type = Column(String(16), nullable=False, default="physical")
    name = Column(Text)
    address = Column(Text)
    area = Column(Text)
    country = Column(COUNTRY)
    latitude = Column(Float)
    longitude = Column(Float)
    time_zone = Column(String(64))
    confidential = Column(Boolean, nullable=False, default=False)


class ServiceAtLocation(Base):
    """A service given at a location."""

    __tablename__ = "service_at_location"

    id = Column(ID, primary_key=True)
    service_id = _child_of("service", nullable=False)
    location_id = _child_of("location", nullable=False)
    location = relationship(Location, lazy="joined")


class ServiceArea(Base):
    """A country in which anybody may use a service."""

    __tablename__ = "service_area"
    __table_args__ = (Index("service_area_by_country", "country"),)

    id = Column(ID, primary_key=True)
    service_id = _child_of("service", nullable=False)
    country = Column(COUNTRY, nullable=False)


class ServiceNeed(Base):
    """What a service does about a need of `data/services/needs.yml`: it `provides`, `informs` or `refers`."""

    __tablename__ = "service_need"

    service_id = Column(ForeignKey("service.id", ondelete="CASCADE"), primary_key=True)
    need = Column(String(32), primary_key=True, index=True)
    how = Column(String(16), nullable=False, default="provides")


class Language(Base):
    """A language in which a service is given (ISO 639-1 or 639-3)."""

    __tablename__ = "language"

    id = Column(ID, primary_key=True)
    service_id = _child_of("service")
    code = Column(String(8), nullable=False)


class DirectorySource(Base):
    """A file that was loaded, and the hash of its content then."""

    __tablename__ = "directory_source"

    name = Column(String(255), primary_key=True)
    content_hash = Column(String(64), nullable=False)
    loaded_at = Column(UtcTime, nullable=False, default=now)
