"""Erasing a conversation: its words at once, then its key, its rows, and the copies that others hold."""

from datetime import timedelta

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from helpline import conversations, handoff, messages
from helpline.conversations import TEXTING
from helpline.database import now
from helpline.line import Line
from helpline.messages import Body
from helpline.models import Cleanup, Conversation, Event, Message, Outbox

LEAVING = ("pending", "sending")  # what keeps the address: the confirmation has yet to leave
FAREWELL_SECONDS = 15  # a browser that is reconnecting still gets the confirmation
FAREWELL_MINUTES = 10  # then the rest is erased even if the confirmation could not leave
REMEMBERED_HOURS = 24  # ids of erased messages; a provider repeats a webhook within minutes
FIRST_WAIT, LONGEST_WAIT = 10, 3600  # seconds between tries to have a copy deleted


def begin(session: Session, line: Line, conversation: Conversation, actor: str, reason: str) -> None:
    """Erases the words of a conversation and closes it; the person is told what is gone and what is not.

    The address stays, encrypted, only until that confirmation has left; `finish` destroys the rest.
    """
    messages.cancel_unsent(session, conversation.address_hash)
    _note_copies(session, conversation)
    session.execute(delete(Message).where(Message.conversation_id == conversation.id))
    conversation.facts_cipher = None
    conversation.erased_at = now()
    box = line.keys.box(conversation.key_id)
    body = Body(handoff.line_text(conversation, f"line_erased_{'sms' if conversation.channel in TEXTING else 'web'}"))
    handoff.tell_person(session, line, conversation, box, body, "announcement")
    conversations.move(session, conversation, "closed", actor, "erased", reason)


_NO_SYNC = {"synchronize_session": False}


def _note_copies(session: Session, conversation: Conversation) -> None:
    query = select(Outbox.provider_id).where(Outbox.conversation_id == conversation.id, Outbox.provider_id.is_not(None))
    provider_ids = set(session.execute(query).scalars())
    received = select(Message.external_id).where(
        Message.conversation_id == conversation.id, Message.external_id.like("twilio:%")
    )
    provider_ids |= {external.removeprefix("twilio:") for external in session.execute(received).scalars()}
    known = select(Cleanup.reference).where(Cleanup.kind == "twilio", Cleanup.reference.in_(provider_ids))
    for reference in sorted(provider_ids - set(session.execute(known).scalars())):
        session.add(Cleanup(kind="twilio", reference=reference))


def finish(line: Line) -> int:
    """Destroys key and rows of every erased conversation whose confirmation has left; how many."""
    return _destroy(line, _erasable())


def _destroy(line: Line, doomed: Select) -> int:
    """Destroys keys and rows of closed conversations; how many. The keys go first: were the process to
    end in between, the words would be gone already, and the next sweep would find the rows again.
    """
    with line.database.read() as session:
        keys = {conversation.id: conversation.key_id for conversation in session.execute(doomed).scalars()}
    for key_id in keys.values():
        line.keys.destroy(key_id)
    with line.database.write() as session:
        for conversation_id in keys:
            if conversation := session.get(Conversation, conversation_id):
                _destroy_rows(session, conversation)
    return len(keys)


def _erasable() -> Select:
    leaving = select(Outbox.conversation_id).where(Outbox.status.in_(LEAVING))
    soon, late = now() - timedelta(seconds=FAREWELL_SECONDS), now() - timedelta(minutes=FAREWELL_MINUTES)
    return select(Conversation).where(
        Conversation.erased_at < soon, or_(Conversation.id.not_in(leaving), Conversation.erased_at < late)
    )


def _destroy_rows(session: Session, conversation: Conversation) -> None:
    """Deletes a conversation's rows and notes what others still hold."""
    _note_copies(session, conversation)
    session.add(Cleanup(kind="tracker", reference=conversation.key_id))
    for table in (Outbox, Message, Event):
        session.execute(delete(table).where(table.conversation_id == conversation.id), execution_options=_NO_SYNC)
    session.execute(delete(Conversation).where(Conversation.id == conversation.id), execution_options=_NO_SYNC)


def close_idle(line: Line) -> int:
    """Closes conversations with the bot that have been silent long enough, sending nothing; how many."""
    limit = now() - timedelta(hours=line.settings.idle_close_hours)
    query = select(Conversation).where(Conversation.state == "bot", Conversation.updated_at < limit)
    with line.database.write() as session:
        idle = list(session.execute(query.with_for_update(skip_locked=True)).scalars())
        for conversation in idle:
            conversations.move(session, conversation, "closed", "line", "idle")
    return len(idle)


def purge(line: Line) -> int:
    """Destroys the closed conversations that are older than the retention time; how many."""
    limit = now() - timedelta(days=line.settings.retention_days)
    return _destroy(line, select(Conversation).where(Conversation.state == "closed", Conversation.closed_at < limit))


def due(session: Session) -> list[Cleanup]:
    """The copies that are to be asked for again now."""
    query = select(Cleanup).where(Cleanup.done_at.is_(None), Cleanup.next_attempt_at <= now())
    return list(session.execute(query.order_by(Cleanup.id).limit(50)).scalars())


def settle(session: Session, cleanup_id: int, gone: bool) -> None:
    """Records that a copy is verified as gone, or when to ask again (doubling, an hour at most)."""
    row = session.get(Cleanup, cleanup_id)
    if row is None:
        return
    wait = min(FIRST_WAIT * 2**row.attempts, LONGEST_WAIT)
    row.attempts += 1
    row.done_at = now() if gone else None
    row.next_attempt_at = now() + timedelta(seconds=wait)


def forget_settled(session: Session) -> None:
    """Drops the notes about copies that are long gone; until then they keep a repeated webhook from counting as new."""
    limit = now() - timedelta(hours=REMEMBERED_HOURS)
    session.execute(delete(Cleanup).where(Cleanup.done_at < limit), execution_options=_NO_SYNC)


def was_erased(session: Session, external_id: str) -> bool:
    """Whether a message with the provider's id was here and has been erased."""
    reference = external_id.removeprefix("twilio:")
    query = select(Cleanup.id).where(Cleanup.kind == "twilio", Cleanup.reference == reference)
    return external_id.startswith("twilio:") and session.execute(query).first() is not None


def outstanding(session: Session) -> int:
    """How many copies held by others are not yet verified as gone."""
    query = select(func.count(Cleanup.id)).where(Cleanup.done_at.is_(None))
    return session.execute(query).scalar() or 0
