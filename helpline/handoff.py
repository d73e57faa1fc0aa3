"""The hand-off: the queue, who owns a conversation, and what an advocate may send."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from helpline import consent, conversations, messages
from helpline.conversations import Conflict
from helpline.database import now
from helpline.line import Line
from helpline.messages import Body, Button
from helpline.models import Advocate, Conversation, Message
from helpline.safety import LEVELS
from helpline.sentences import say

ONLINE_SECONDS = 45  # three missed heartbeats of the desk


class Refused(Exception):
    """An advocate's message was not taken: `reason` says why, `unseen` is what they have not read."""

    def __init__(self, reason: str, unseen: tuple[int, ...] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unseen = unseen


@dataclass(frozen=True)
class Card:
    """What an advocate sees first, so that nobody has to tell it twice."""

    id: int
    channel: str
    state: str
    epoch: int
    owner_id: int | None
    owner: str | None
    reason: str | None
    safety: str
    words: tuple[str, ...]
    language: str | None
    country: str | None
    facts: dict[str, Any]
    said: tuple[str, ...]
    silent: bool
    stopped: bool
    queued_at: datetime | None
    last_sequence: int
    last_person_sequence: int


def enqueue(
    session: Session, line: Line, conversation: Conversation, box: Fernet, reason: str, actor: str, tell: bool = True
) -> None:
    """Puts a conversation before the advocates and, with `tell`, tells the person what happens now."""
    conversations.move(session, conversation, "queued", actor, "queued", reason, reason=reason)
    if tell:
        announce(session, line, conversation, box)


def announce(session: Session, line: Line, conversation: Conversation, box: Fernet) -> None:
    """Tells a waiting person honestly how many are before them and whether anybody is there."""
    ahead = waiting(session).index(conversation.id)
    key = "line_queued" if online(session) else "line_queued_nobody"
    button = Button(line_text(conversation, "line_button_back"), "/return_to_bot")
    body = Body(line_text(conversation, key, ahead=ahead), (button,))
    tell_person(session, line, conversation, box, body, "announcement")


def tell_person(
    session: Session, line: Line, conversation: Conversation, box: Fernet, body: Body, kind: str
) -> Message | None:
    """Adds a message of the line itself, unless the person may not be written to now."""
    if conversation.silent or consent.is_stopped(session, [conversation.address_hash]):
        return None
    return messages.add(session, conversation, box, "line", body, kind)


def line_text(conversation: Conversation, key: str, **values: object) -> str:
    """A sentence of the line in the conversation's language, short where it leaves by text message."""
    return say(key, conversation.language, conversation.channel in conversations.TEXTING, **values)


def waiting(session: Session) -> list[int]:
    """The ids of the queued conversations, first to be served first: danger, then returned ones, then waiting time."""
    query = select(Conversation.id, Conversation.safety, Conversation.front, Conversation.queued_at)
    rows = session.execute(query.where(Conversation.state == "queued")).all()
    rows.sort(key=lambda row: (-LEVELS.index(row.safety), not row.front, row.queued_at))
    return [row.id for row in rows]


def online(session: Session) -> int:
    """How many advocates have shown a sign of life just now."""
    since = now() - timedelta(seconds=ONLINE_SECONDS)
    query = select(func.count(Advocate.id)).where(Advocate.seen_at > since, Advocate.disabled_at.is_(None))
    return session.execute(query).scalar() or 0


def claim(session: Session, line: Line, conversation_id: int, advocate: Advocate) -> Conversation:
    """Makes an advocate the one owner of a queued conversation. Raises Conflict when they came second."""
    conversation = conversations.lock(session, conversation_id)
    if conversation.state != "queued":
        raise Conflict
    who = f"advocate:{advocate.id}"
    conversations.move(
        session, conversation, "human", who, "claimed", owner_id=advocate.id, owner_seen_at=now(), front=False
    )
    box = line.keys.box(conversation.key_id)
    body = Body(line_text(conversation, "line_claimed", name=advocate.name))
    tell_person(session, line, conversation, box, body, "announcement")
    return conversation


def send(
    session: Session, line: Line, conversation_id: int, advocate: Advocate, text: str, client_id: str, seen: int
) -> Message:
    """An advocate's message to the person; a repeated `client_id` gives the message sent before.

    Raises Refused when the advocate does not own the conversation, has not seen the person's latest
    message (`seen` is the last sequence they saw), or the person may not be written to now.
    """
    conversation = conversations.lock(session, conversation_id)
    external_id = f"desk:{advocate.id}:{client_id}"
    known = session.execute(select(Message).where(Message.external_id == external_id)).scalar()
    if known:
        return known
    _check_sendable(session, conversation, advocate, seen)
    box = line.keys.box(conversation.key_id)
    return messages.add(
        session, conversation, box, "advocate", Body(text), "advocate", external_id, advocate_id=advocate.id
    )


def _check_sendable(session: Session, conversation: Conversation, advocate: Advocate, seen: int) -> None:
    if conversation.state != "human" or conversation.owner_id != advocate.id:
        raise Refused("not_owner")
    if consent.is_stopped(session, [conversation.address_hash]):
        raise Refused("stopped")
    if conversation.silent:
        raise Refused("silent")
    if conversation.last_person_sequence > seen:
        query = select(Message.sequence).where(
            Message.conversation_id == conversation.id, Message.author == "person", Message.sequence > seen
        )
        raise Refused("unseen", tuple(session.execute(query).scalars()))


def leave(
    session: Session, line: Line, conversation_id: int, advocate: Advocate, to: str, tell: str, name: str
) -> Conversation:
    """The owner lets go of a conversation: to the bot, back to the queue, or closed. Raises Refused."""
    conversation = conversations.lock(session, conversation_id)
    if conversation.state != "human" or conversation.owner_id != advocate.id:
        raise Refused("not_owner")
    box = line.keys.box(conversation.key_id)
    changes = {"front": True} if to == "queued" else {"handled_sequence": conversation.last_sequence}
    body = Body(line_text(conversation, tell))
    if to == "closed":
        tell_person(session, line, conversation, box, body, "announcement")
    conversations.move(session, conversation, to, f"advocate:{advocate.id}", name, **changes)
    if to != "closed":
        tell_person(session, line, conversation, box, body, "announcement")
    return conversation


def heartbeat(session: Session, advocate_id: int) -> None:
    """A sign of life of an advocate, for all the conversations they own."""
    advocate = session.get(Advocate, advocate_id)
    if advocate:
        advocate.seen_at = now()
    for conversation in _owned(session, advocate_id):
        conversation.owner_seen_at = now()


def _owned(session: Session, advocate_id: int) -> Iterator[Conversation]:
    query = select(Conversation).where(Conversation.owner_id == advocate_id, Conversation.state == "human")
    return iter(session.execute(query).scalars())


def release_vanished(session: Session, line: Line) -> list[int]:
    """Requeues, at the front, the conversations of owners who vanished, and tells the people; their ids."""
    limit = now() - timedelta(seconds=line.settings.owner_timeout)
    query = select(Conversation).where(
        Conversation.state == "human", or_(Conversation.owner_seen_at.is_(None), Conversation.owner_seen_at < limit)
    )
    lost = list(session.execute(query.with_for_update(skip_locked=True)).scalars())
    for conversation in lost:
        conversations.move(session, conversation, "queued", "line", "owner_lost", front=True)
        box = line.keys.box(conversation.key_id)
        body = Body(line_text(conversation, "line_owner_lost"))
        tell_person(session, line, conversation, box, body, "announcement")
    return [conversation.id for conversation in lost]


def card(session: Session, line: Line, conversation: Conversation) -> Card:
    """The hand-off card of a conversation."""
    box = line.keys.box(conversation.key_id)
    said = [e for e in messages.read(session, conversation, box) if e.author == "person"]
    owner = session.get(Advocate, conversation.owner_id) if conversation.owner_id else None
    return Card(
        id=conversation.id,
        channel=conversation.channel,
        state=conversation.state,
        epoch=conversation.epoch,
        owner_id=conversation.owner_id,
        owner=owner.name if owner else None,
        reason=conversation.reason,
        safety=conversation.safety,
        words=tuple(dict.fromkeys(word for e in said for word in e.body.words)),
        language=conversation.language,
        country=conversation.country,
        facts=conversations.facts(conversation, box),
        said=tuple(e.body.text for e in said[-3:]),
        silent=conversation.silent,
        stopped=consent.is_stopped(session, [conversation.address_hash]),
        queued_at=conversation.queued_at,
        last_sequence=conversation.last_sequence,
        last_person_sequence=conversation.last_person_sequence,
    )
