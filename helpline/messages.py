"""The messages of a conversation: added in sequence, encrypted, read back from a cursor."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from itertools import dropwhile, takewhile
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from helpline.conversations import TEXTING
from helpline.database import now
from helpline.models import Conversation, Message, Outbox

WITHDRAWN = "withdrawn"  # in `Outbox.error_code`: cancelled while it was on its way
LONGEST_TURN = 20  # messages looked back for the buttons that were offered
# What is sent although the conversation has moved on since it was written: see `helpline.outbox`.
ALWAYS_SENT = ("crisis", "announcement", "advocate")


@dataclass(frozen=True)
class Button:
    """An answer offered with a message: what the person reads, and what it means to the engine."""

    title: str
    payload: str


@dataclass(frozen=True)
class Body:
    """What a message says."""

    text: str
    buttons: tuple[Button, ...] = ()
    payload: str | None = None
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Entry:
    """A message as it is read: decrypted, with its place in the conversation and its delivery."""

    sequence: int
    author: str
    kind: str
    body: Body
    at: datetime
    safety: str
    external_id: str | None
    advocate_id: int | None
    delivery: str | None


def next_sequence(conversation: Conversation) -> int:
    """The next sequence number of a conversation that this transaction has locked."""
    conversation.last_sequence += 1
    conversation.updated_at = now()
    return int(conversation.last_sequence)


def add(
    session: Session,
    conversation: Conversation,
    box: Fernet,
    author: str,
    body: Body,
    kind: str = "ordinary",
    external_id: str | None = None,
    advocate_id: int | None = None,
    safety: str = "none",
) -> Message:
    """Adds a message; one for a person who texts is queued out in the same transaction."""
    message = Message(
        conversation_id=conversation.id,
        sequence=next_sequence(conversation),
        external_id=external_id,
        author=author,
        kind=kind,
        advocate_id=advocate_id,
        epoch=conversation.epoch,
        body_cipher=box.encrypt(dump(body)),
        safety=safety,
    )
    session.add(message)
    session.flush()
    if author == "person":
        conversation.last_person_sequence = message.sequence
    elif conversation.channel in TEXTING:
        row = Outbox(id=secrets.token_hex(16), message_id=message.id, conversation_id=conversation.id)
        session.add(row)
    return message


def read(session: Session, conversation: Conversation, box: Fernet, after: int = 0) -> list[Entry]:
    """The messages after a cursor (a sequence number), oldest first."""
    query = (
        select(Message, Outbox.status)
        .outerjoin(Outbox, Outbox.message_id == Message.id)
        .where(Message.conversation_id == conversation.id, Message.sequence > after)
        .order_by(Message.sequence)
    )
    return [entry(message, box, status) for message, status in session.execute(query)]


def entry(message: Message, box: Fernet, delivery: str | None = None) -> Entry:
    """One message, decrypted."""
    return Entry(
        sequence=message.sequence,
        author=message.author,
        kind=message.kind,
        body=load(box.decrypt(message.body_cipher)),
        at=message.at,
        safety=message.safety,
        external_id=message.external_id,
        advocate_id=message.advocate_id,
        delivery=delivery,
    )


def offered(session: Session, conversation: Conversation, box: Fernet) -> tuple[Button, ...]:
    """The buttons of the helpline's last turn: all that may be pressed now."""
    if not conversation.last_sequence:
        return ()
    query = select(Message.author, Message.body_cipher).where(Message.conversation_id == conversation.id)
    newest = session.execute(query.order_by(Message.sequence.desc()).limit(LONGEST_TURN)).all()
    since = dropwhile(lambda message: message.author == "person", newest)
    turn = list(takewhile(lambda message: message.author != "person", since))
    return tuple(button for message in reversed(turn) for button in load(box.decrypt(message.body_cipher)).buttons)


def cancel_unsent(session: Session, address_hash: str) -> None:
    """Cancels everything that has not left for an address, in whatever conversation.

    What is on its way is marked as withdrawn, so that it is not offered a second time.
    """
    theirs = select(Conversation.id).where(Conversation.address_hash == address_hash)
    for statuses, values in (
        (("pending",), {"status": "cancelled", "updated_at": now()}),
        (("sending", "unknown"), {"error_code": WITHDRAWN}),
    ):
        session.execute(
            update(Outbox).where(Outbox.conversation_id.in_(theirs), Outbox.status.in_(statuses)).values(values),
            execution_options={"synchronize_session": False},
        )


def dump(body: Body) -> bytes:
    """A message's body in its stored form."""
    data: dict[str, Any] = {"text": body.text}
    if body.buttons:
        data["buttons"] = [[button.title, button.payload] for button in body.buttons]
    if body.payload:
        data["payload"] = body.payload
    if body.words:
        data["words"] = list(body.words)
    return json.dumps(data, ensure_ascii=False).encode()


def load(data: bytes) -> Body:
    """A message's body from its stored form."""
    found = json.loads(data)
    buttons = tuple(Button(title, payload) for title, payload in found.get("buttons", ()))
    return Body(found["text"], buttons, found.get("payload"), tuple(found.get("words", ())))
