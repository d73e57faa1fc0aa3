"""The needs of `data/services/needs.yml`, by short name or by the intent that asks for them."""

from functools import lru_cache

import yaml

from helpline.settings import PROJECT

FILE = PROJECT / "data" / "services" / "needs.yml"
FALLBACK = "information"  # what a line has that listens, informs and refers whatever the need


class UnknownNeed(ValueError):
    """A need that is neither a short name nor an intent of the data."""


def need_for(name: str) -> str:
    """The short name of a need, from itself or from an intent ("legal", "find_legal_help"). Raises UnknownNeed."""
    try:
        return _by_name()[name.strip().lower()]
    except KeyError:
        raise UnknownNeed(f"unknown need; known are {', '.join(all_needs())}") from None


@lru_cache
def all_needs() -> tuple[str, ...]:
    """Short names of all needs."""
    return tuple(yaml.safe_load(FILE.read_text(encoding="utf-8")))


@lru_cache
def _by_name() -> dict[str, str]:
    needs = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    names = {need: need for need in needs}
    return names | {intent: need for need, record in needs.items() for intent in record["intents"]}
