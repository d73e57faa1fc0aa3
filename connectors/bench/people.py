"""The people who write while the line is measured."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import count, cycle
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).parent / "messages.yml"


@dataclass(frozen=True)
class Person:
    """One telephone, and what its owner writes, one message after the other."""

    phone: str
    language: str
    says: tuple[str, ...]


@lru_cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    return data


def everyone() -> Iterator[Person]:
    """People without end, every one with a number of their own, the languages in turn."""
    for number, talk in zip(count(1), cycle(_data()["conversations"]), strict=False):
        yield Person(f"{talk['number']}{number:06d}", talk["language"], tuple(talk["says"]))


def languages() -> int:
    """How many conversations there are before they repeat."""
    return len(_data()["conversations"])


def asks_for_a_human() -> str:
    """A message that brings a human."""
    return str(_data()["for_a_human"])
