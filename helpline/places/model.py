"""What the gazetteer speaks of: places, and mentions of them in a message."""

from dataclasses import dataclass

KIND_CITY = "city"
KIND_REGION = "region"
KIND_COUNTRY = "country"


@dataclass(frozen=True)
class Place:
    """A town, a US state or a country; `latitude` and `longitude` (degrees, WGS84) are None unless it is a town."""

    geonameid: int
    kind: str
    name: str
    latitude: float | None
    longitude: float | None
    country: str
    admin1: str
    population: int


@dataclass(frozen=True)
class Mention:
    """A place named in a message: `text[start:end]`, the candidates best first, and whether to ask which."""

    start: int
    end: int
    candidates: tuple[Place, ...]
    ambiguous: bool

    @property
    def best(self) -> Place:
        """The likeliest candidate."""
        return self.candidates[0]

    @property
    def kind(self) -> str:
        """`city`, `region` or `country`, of the likeliest candidate."""
        return self.best.kind
