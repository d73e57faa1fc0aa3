"""A conversation as an advocate reads it: the hand-off card, what came before the hand-off, and what came since."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from connectors.desk.problems import Problem
from helpline import conversations, handoff, messages
from helpline.handoff import Card
from helpline.line import Line
from helpline.messages import Entry
from helpline.models import Advocate, Conversation, Event

SAID = 3  # how many of the person's last messages before the hand-off the card repeats


@dataclass(frozen=True)
class Bubble:
    """A message with the name of the advocate who wrote it."""

    entry: Entry
    name: str | None


@dataclass(frozen=True)
class View:
    """What is shown of a conversation after a cursor; `folded` came before the hand-off."""

    card: Card
    folded: tuple[Bubble, ...]
    recent: tuple[Bubble, ...]

    @property
    def version(self) -> str:
        """Changes when the card or the advocate's possibilities do."""
        c = self.card
        return f"{c.epoch}.{c.reason}.{c.safety}.{c.silent:d}.{c.stopped:d}.{c.language}"


def read(line: Line, advocate: Advocate, conversation_id: int, after: int = 0, opened: bool = True) -> View:
    """A conversation from a cursor (a sequence number) on, for one who may read it now.

    Every opening is logged; what is fetched later, once in each state of the conversation.

    Raises NotFound, and Problem when it is with a colleague (403), closed or with the program (409), or the
    cursor lies beyond its end (400).
    """
    if opened or not _is_logged(line, advocate, conversation_id):
        _log_reading(line, advocate, conversation_id)
    with line.database.read() as session:
        conversation = conversations.get(session, conversation_id)
        check_readable(session, conversation, advocate)
        if after > conversation.last_sequence:
            raise Problem(400, "cursor")
        return _view(session, line, conversation, after)


def check_readable(session: Session, conversation: Conversation, advocate: Advocate) -> None:
    """Raises Problem unless the conversation waits in the queue or is the advocate's own."""
    if conversation.state == "human" and conversation.owner_id != advocate.id:
        owner = session.get(Advocate, conversation.owner_id)
        raise Problem(403, "taken", number=conversation.id, name=owner.name if owner else "")
    if conversation.state in ("closed", "bot"):
        raise Problem(409, f"is_{conversation.state}", number=conversation.id)


def _is_logged(line: Line, advocate: Advocate, conversation_id: int) -> bool:
    """Whether the log says already that the advocate reads the conversation in its present state."""
    query = select(Event.id).join(Conversation, Conversation.id == Event.conversation_id)
    query = query.where(
        Conversation.id == conversation_id,
        Event.epoch == Conversation.epoch,
        Event.name == "read",
        Event.actor == _actor(advocate),
    )
    with line.database.read() as session:
        return session.execute(query.limit(1)).scalar() is not None


def _log_reading(line: Line, advocate: Advocate, conversation_id: int) -> None:
    with line.database.write() as session:
        conversation = conversations.get(session, conversation_id)
        check_readable(session, conversation, advocate)
        conversations.log(session, conversation, "read", conversation.state, _actor(advocate))


def _actor(advocate: Advocate) -> str:
    return f"advocate:{advocate.id}"


def _view(session: Session, line: Line, conversation: Conversation, after: int) -> View:
    box = line.keys.box(conversation.key_id)
    entries = messages.read(session, conversation, box, after)
    names = _names(session, entries)
    bubbles = [Bubble(e, names.get(e.advocate_id)) for e in entries]
    handed_off = _handed_off_at(session, conversation)
    folded = tuple(b for b in bubbles if handed_off and b.entry.at <= handed_off)
    said = tuple(b.entry.body.text for b in folded if b.entry.author == "person" and b.entry.body.text)
    card = replace(handoff.card(session, line, conversation), said=said[-SAID:])
    return View(card, folded, tuple(bubbles[len(folded) :]))


def _handed_off_at(session: Session, conversation: Conversation) -> datetime | None:
    """When the program last gave the conversation over."""
    query = select(Event.at).where(
        Event.conversation_id == conversation.id, Event.from_state == "bot", Event.to_state == "queued"
    )
    found: datetime | None = session.execute(query.order_by(Event.id.desc()).limit(1)).scalar()
    return found


def _names(session: Session, entries: list[Entry]) -> dict[int | None, str]:
    ids = {e.advocate_id for e in entries if e.advocate_id}
    query = select(Advocate.id, Advocate.name).where(Advocate.id.in_(ids))
    return {advocate_id: name for advocate_id, name in session.execute(query)}
