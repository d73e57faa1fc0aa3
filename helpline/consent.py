"""Consent to be texted: it belongs to the address, and outlives conversations."""

from functools import lru_cache

import yaml
from sqlalchemy.orm import Session

from helpline.database import now
from helpline.models import Consent
from helpline.settings import PROJECT

WORDS = PROJECT / "data" / "carrier_words.yml"


@lru_cache
def carrier_words() -> dict[str, frozenset[str]]:
    """The words that carriers act on, folded, by what they do (`stop`, `start`, `start_when_stopped`, `help`)."""
    data = yaml.safe_load(WORDS.read_text())
    return {meaning: frozenset(word.casefold() for word in words) for meaning, words in data.items()}


def carrier_word(text: str, stopped: bool) -> str | None:
    """`stop`, `start` or `help` when the whole text is such a word, as Twilio reads it, else None."""
    word = text.strip().strip("\"'.!").casefold()
    for meaning in ("stop", "start", "help"):
        if word in carrier_words()[meaning]:
            return meaning
    return "start" if stopped and word in carrier_words()["start_when_stopped"] else None


def is_stopped(session: Session, hashes: list[str]) -> bool:
    """Whether the person at an address (its hashes, newest key first) asked not to be written to."""
    found = [session.get(Consent, address_hash) for address_hash in hashes]
    newest = max((c for c in found if c), key=lambda c: c.changed_at, default=None)
    return bool(newest and newest.stopped)


def carry_over(session: Session, hashes: list[str]) -> None:
    """Records under the newest address key a STOP that is known only under an older one."""
    if is_stopped(session, hashes):
        set_stopped(session, hashes[0], True)


def set_stopped(session: Session, address_hash: str, stopped: bool) -> None:
    """Records that an address may not, or may again, be written to."""
    session.merge(Consent(address_hash=address_hash, stopped=stopped, changed_at=now()))
