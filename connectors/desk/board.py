"""The queue as an advocate sees it: who waits, who is theirs, and who is with a colleague."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from helpline import handoff, messages
from helpline.line import Line
from helpline.models import Advocate, Conversation, Message


@dataclass(frozen=True)
class Row:
    """One conversation in a list; `words` are those that show the danger, `unanswered` that the person wrote last."""

    id: int
    channel: str
    language: str | None
    reason: str | None
    safety: str
    words: tuple[str, ...]
    queued_at: datetime | None
    returned: bool
    silent: bool
    owner_id: int | None
    owner: str | None
    unanswered: bool


@dataclass(frozen=True)
class Board:
    """Waiting conversations, first to be served first; the advocate's own; their colleagues'."""

    waiting: tuple[Row, ...]
    mine: tuple[Row, ...]
    others: tuple[Row, ...]


def read(line: Line, advocate: Advocate) -> Board:
    """The board of an advocate."""
    with line.database.read() as session:
        order = {conversation_id: place for place, conversation_id in enumerate(handoff.waiting(session))}
        rows = _rows(session, line)
    waiting = sorted((row for row in rows if row.id in order), key=lambda row: order[row.id])
    taken = [row for row in rows if row.id not in order]
    return Board(
        tuple(waiting),
        tuple(row for row in taken if row.owner_id == advocate.id),
        tuple(row for row in taken if row.owner_id != advocate.id),
    )


def _rows(session: Session, line: Line) -> list[Row]:
    query = select(Conversation, Advocate.name).outerjoin(Advocate, Advocate.id == Conversation.owner_id)
    query = query.where(Conversation.state.in_(("queued", "human"))).order_by(Conversation.id)
    found = session.execute(query).all()
    answered = _last_answers(session)
    return [_row(c, owner, _words(session, line, c), answered.get(c.id, 0)) for c, owner in found]


def _row(conversation: Conversation, owner: str | None, words: tuple[str, ...], answered: int) -> Row:
    return Row(
        id=conversation.id,
        channel=conversation.channel,
        language=conversation.language,
        reason=conversation.reason,
        safety=conversation.safety,
        words=words,
        queued_at=conversation.queued_at,
        returned=conversation.front,
        silent=conversation.silent,
        owner_id=conversation.owner_id,
        owner=owner,
        unanswered=conversation.last_person_sequence > answered,
    )


def _last_answers(session: Session) -> dict[int, int]:
    """The sequence of the last message of an advocate, by conversation."""
    query = select(Message.conversation_id, func.max(Message.sequence)).where(Message.author == "advocate")
    query = query.join(Conversation, Conversation.id == Message.conversation_id)
    query = query.where(Conversation.state.in_(("queued", "human"))).group_by(Message.conversation_id)
    return {conversation_id: sequence for conversation_id, sequence in session.execute(query)}


def _words(session: Session, line: Line, conversation: Conversation) -> tuple[str, ...]:
    if conversation.safety == "none":
        return ()
    query = select(Message.body_cipher).where(
        Message.conversation_id == conversation.id, Message.author == "person", Message.safety != "none"
    )
    box = line.keys.box(conversation.key_id)
    bodies = (messages.load(box.decrypt(cipher)) for cipher in session.execute(query).scalars())
    return tuple(dict.fromkeys(word for body in bodies for word in body.words))
