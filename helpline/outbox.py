"""What leaves through a provider: one message at a time for each recipient, and its delivery status.

A message is handed over again only where nothing can have been sent (refused connection, 429). After
an answer that was lost it is `unknown` until a receipt resolves it; only a crisis text that stays
unresolved is sent once more.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session, aliased

from helpline import conversations, messages
from helpline.database import now
from helpline.line import Line
from helpline.messages import ALWAYS_SENT, WITHDRAWN, Body
from helpline.models import Cleanup, Conversation, Message, Outbox

# A status only moves forward along these ranks; `failed` and `delivered` are final.
RANK = {"pending": 0, "sending": 1, "unknown": 2, "accepted": 3, "sent": 4, "delivered": 5, "failed": 5, "cancelled": 5}
# Twilio's message statuses, https://www.twilio.com/docs/messaging/api/message-resource#message-status-values
RECEIPTS = {
    "accepted": "accepted",
    "scheduled": "accepted",
    "queued": "accepted",
    "sending": "accepted",
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",
}
FIRST_WAIT, LONGEST_WAIT = 1, 300  # seconds before a refused message is offered again: doubling
RESEND_CRISIS_AFTER = 30  # seconds that a crisis text may stay unknown


@dataclass(frozen=True)
class Letter:
    """A message ready to be handed to the provider."""

    id: str
    sender: str
    recipient: str
    body: Body
    conversation_id: int


def take(line: Line, most: int) -> list[Letter]:
    """The messages that may leave now, `most` of them at most, marked as being sent."""
    letters: list[Letter] = []
    with line.database.write() as session:
        while rows := _next_rows(session, most - len(letters)):
            found = [letter for row in rows if (letter := _letter(session, line, row))]
            letters += found
            if len(found) == len(rows):  # else one was dropped, and the next after it may leave
                break
    return letters


def _next_rows(session: Session, most: int) -> list[Outbox]:
    """The oldest pending row for each address that has nothing being sent, unless it is to wait."""
    earlier, its = aliased(Outbox), aliased(Conversation)
    before = (
        select(earlier.id)
        .join(its, its.id == earlier.conversation_id)
        .where(
            its.address_hash == Conversation.address_hash,
            earlier.status.in_(("pending", "sending")),
            earlier.message_id < Outbox.message_id,
        )
    )
    query = select(Outbox).join(Conversation, Conversation.id == Outbox.conversation_id)
    query = query.where(Outbox.status == "pending", Outbox.next_attempt_at <= now(), ~before.exists())
    query = query.order_by(Outbox.message_id).limit(most).with_for_update(skip_locked=True, of=Outbox)
    return list(session.execute(query).scalars())


def _letter(session: Session, line: Line, row: Outbox) -> Letter | None:
    """The row as a letter, now `sending`; or None and `cancelled` when its moment has passed."""
    message = session.get(Message, row.message_id)
    conversation = conversations.get(session, row.conversation_id)
    row.updated_at = now()
    if message.kind not in ALWAYS_SENT and message.epoch != conversation.epoch:
        row.status = "cancelled"
        return None
    row.status = "sending"
    row.attempts += 1
    box = line.keys.box(conversation.key_id)
    return Letter(
        id=row.id,
        sender=conversation.our_address or line.settings.twilio_from,
        recipient=conversations.address_of(conversation, box),
        body=messages.load(box.decrypt(message.body_cipher)),
        conversation_id=conversation.id,
    )


def accepted(line: Line, outbox_id: str, provider_id: str, status: str) -> None:
    """The provider took a message and gave it an id."""
    with line.database.write() as session:
        row = session.get(Outbox, outbox_id)
        if row is None:
            _delete_copy(session, provider_id)
        else:
            row.provider_id = provider_id
            _forward(row, RECEIPTS.get(status, "accepted"))


def _delete_copy(session: Session, provider_id: str) -> None:
    """The message was erased while it was on its way: what the provider has of it is to go as well."""
    known = select(Cleanup.id).where(Cleanup.kind == "twilio", Cleanup.reference == provider_id)
    if provider_id and session.execute(known).first() is None:
        session.add(Cleanup(kind="twilio", reference=provider_id))


def refused(line: Line, outbox_id: str) -> None:
    """The provider took nothing (429, refused connection): the message waits, longer each time."""
    with line.database.write() as session:
        row = session.get(Outbox, outbox_id)
        if row and row.status == "sending":
            row.status = "cancelled" if row.error_code == WITHDRAWN else "pending"
            wait = min(FIRST_WAIT * 2 ** (row.attempts - 1), LONGEST_WAIT)
            row.next_attempt_at = row.updated_at = now()
            row.next_attempt_at += timedelta(seconds=wait)


def rejected(line: Line, outbox_id: str, error_code: str) -> None:
    """The provider will never take this message."""
    _set(line, outbox_id, "failed", error_code)


def lost(line: Line, outbox_id: str) -> None:
    """The provider's answer was lost: whether the message was sent is not known."""
    _set(line, outbox_id, "unknown", None)


def _set(line: Line, outbox_id: str, status: str, error_code: str | None) -> None:
    with line.database.write() as session:
        row = session.get(Outbox, outbox_id)
        if row:
            _forward(row, status, error_code or row.error_code)


def receipt(line: Line, outbox_id: str, provider_id: str, status: str, error_code: str | None) -> int | None:
    """Moves a message's status forward by a provider's receipt; its conversation's id, None if unknown."""
    if status not in RECEIPTS:
        return None
    with line.database.write() as session:
        row = session.get(Outbox, outbox_id)
        if row is None:
            _delete_copy(session, provider_id)
            return None
        row.provider_id = row.provider_id or provider_id
        _forward(row, RECEIPTS[status], error_code)
        return int(row.conversation_id)


def _forward(row: Outbox, status: str, error_code: str | None = None) -> None:
    if RANK[status] > RANK[row.status]:
        row.status = status
        row.error_code = error_code
        row.updated_at = now()


def recover(line: Line) -> int:
    """After a start: what was being sent when the process ended is unknown; how many."""
    with line.database.write() as session:
        query = update(Outbox).where(Outbox.status == "sending").values(status="unknown", updated_at=now())
        return int(session.execute(query, execution_options={"synchronize_session": False}).rowcount)


def resend_crisis(line: Line) -> int:
    """Puts crisis texts that stayed unknown back into the queue, once each; how many."""
    limit = now() - timedelta(seconds=RESEND_CRISIS_AFTER)
    query = select(Outbox).join(Message, Message.id == Outbox.message_id)
    query = query.where(
        Message.kind == "crisis",
        Outbox.status == "unknown",
        ~Outbox.resent,
        Outbox.updated_at < limit,
        Outbox.error_code.is_distinct_from(WITHDRAWN),
    )
    with line.database.write() as session:
        rows = list(session.execute(query).scalars())
        for row in rows:
            row.status, row.resent, row.next_attempt_at = "pending", True, now()
    return len(rows)


def counts(session: Session) -> dict[str, int]:
    """How many messages stand at each status, for metrics."""
    query = select(Outbox.status, func.count(Outbox.id)).group_by(Outbox.status)
    return {status: count for status, count in session.execute(query)}
