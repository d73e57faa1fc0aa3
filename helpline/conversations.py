"""Conversations: one row, one state, one epoch; every transition is a compare-and-set with an event."""

import json
from dataclasses import dataclass
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from helpline.database import now
from helpline.line import Line
from helpline.models import Conversation, Event

TRANSITIONS = {
    "bot": {"queued", "closed"},
    "queued": {"human", "bot", "closed"},
    "human": {"human", "queued", "bot", "closed"},
    "closed": set(),
}
TEXTING = ("sms", "whatsapp")  # channels that leave through a provider


class Conflict(Exception):
    """Somebody else changed the conversation first; nothing was done."""


class NotFound(Exception):
    """There is no such conversation."""


@dataclass(frozen=True)
class Address:
    """Where a conversation is bound to for life: a channel, and an address on it."""

    channel: str
    value: str
    our_address: str = ""
    country: str | None = None


def get(session: Session, conversation_id: int) -> Conversation:
    """The conversation. Raises NotFound."""
    conversation = session.get(Conversation, conversation_id)
    if conversation is None:
        raise NotFound
    return conversation


def lock(session: Session, conversation_id: int) -> Conversation:
    """The conversation, for changing it: nobody else does until the transaction ends. Raises NotFound."""
    conversation = session.get(Conversation, conversation_id, with_for_update=True)
    if conversation is None:
        raise NotFound
    return conversation


def find_open(session: Session, line: Line, address: Address) -> Conversation | None:
    """The open conversation of an address, locked for this transaction."""
    hashes = line.keys.address_hashes(address.value)
    query = select(Conversation).where(Conversation.address_hash.in_(hashes), Conversation.state != "closed")
    return session.execute(query.with_for_update()).scalars().first()


def latest(session: Session, line: Line, address: Address) -> Conversation | None:
    """The newest conversation of an address, open or closed."""
    hashes = line.keys.address_hashes(address.value)
    query = select(Conversation).where(Conversation.address_hash.in_(hashes)).order_by(Conversation.id.desc())
    return session.execute(query.limit(1)).scalars().first()


def open_new(session: Session, line: Line, address: Address, key_id: str) -> Conversation:
    """A new conversation with its own data key, in state `bot`."""
    box = line.keys.box(key_id)
    conversation = Conversation(
        key_id=key_id,
        channel=address.channel,
        address_hash=line.keys.address_hash(address.value),
        address_cipher=box.encrypt(address.value.encode()),
        our_address=address.our_address,
        country=address.country or line.settings.default_country or None,
        state="bot",
        epoch=0,
    )
    session.add(conversation)
    session.flush()
    log(session, conversation, "opened", "bot", "person")
    return conversation


def move(
    session: Session,
    conversation: Conversation,
    to: str,
    actor: str,
    name: str,
    why: str | None = None,
    **changes: Any,
) -> None:
    """Moves a conversation to a state, as a compare-and-set on (state, epoch), and logs it.

    `changes` are further columns set in the same step. Raises Conflict when it was moved meanwhile
    or when there is no such transition.
    """
    before, epoch = conversation.state, conversation.epoch
    if to not in TRANSITIONS[before]:
        raise Conflict
    values = {"state": to, "epoch": epoch + 1, "updated_at": now(), "owner_id": None, **_entering(to), **changes}
    where = (Conversation.id == conversation.id, Conversation.state == before, Conversation.epoch == epoch)
    result = session.execute(update(Conversation).where(*where).values(**values), execution_options=_NO_SYNC)
    if result.rowcount != 1:
        raise Conflict
    session.refresh(conversation)
    log(session, conversation, name, before, actor, why)


_NO_SYNC = {"synchronize_session": False}


def _entering(state: str) -> dict[str, Any]:
    if state == "queued":
        return {"queued_at": now(), "front": False}
    if state == "closed":
        return {"closed_at": now()}
    return {}


def log(
    session: Session, conversation: Conversation, name: str, before: str, actor: str, reason: str | None = None
) -> None:
    """Adds an event to the append-only log."""
    event = Event(
        conversation_id=conversation.id,
        epoch=conversation.epoch,
        name=name,
        from_state=before,
        to_state=conversation.state,
        actor=actor,
        reason=reason,
    )
    session.add(event)


def address_of(conversation: Conversation, box: Fernet) -> str:
    """The address in clear, for the moment of sending."""
    return box.decrypt(conversation.address_cipher or b"").decode()


def facts(conversation: Conversation, box: Fernet) -> dict[str, Any]:
    """What the dialogue learned (need, place, what was offered), for the hand-off card."""
    if not conversation.facts_cipher:
        return {}
    found: dict[str, Any] = json.loads(box.decrypt(conversation.facts_cipher))
    return found


def remember(conversation: Conversation, box: Fernet, new: dict[str, Any]) -> None:
    """Adds facts to those of the conversation; lists are joined without repetition."""
    known = facts(conversation, box)
    for name, value in new.items():
        if isinstance(value, list):
            value = list(dict.fromkeys([*known.get(name, []), *value]))
        known[name] = value
    conversation.facts_cipher = box.encrypt(json.dumps(known, ensure_ascii=False).encode())
