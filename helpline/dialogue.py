"""Turns of the dialogue engine: which message is next, and carrying out what the engine decided."""

from dataclasses import dataclass, field
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import select
from sqlalchemy.orm import Session

from helpline import conversations, emergency, erasure, handoff, inbox, messages, safety
from helpline.database import now
from helpline.line import Line
from helpline.messages import Body, Button
from helpline.models import Conversation, Message

MOST_ATTEMPTS = 3  # then a message that the engine cannot answer is put before a human


@dataclass(frozen=True)
class Question:
    """A message that waits for the engine, with what the engine needs to know."""

    conversation_id: int
    key_id: str
    sequence: int
    epoch: int
    message_id: str
    text: str
    payload: bool
    channel: str
    language: str | None
    country: str | None
    late: bool
    noticed: bool
    more: bool


@dataclass(frozen=True)
class Reply:
    """One message of the engine's answer."""

    text: str
    buttons: tuple[Button, ...] = ()
    kind: str = "ordinary"


@dataclass(frozen=True)
class Turn:
    """The engine's answer to a message: replies, commands for the line, and its judgement."""

    replies: tuple[Reply, ...]
    commands: tuple[dict[str, Any], ...] = ()
    language: str | None = None
    safety: str = "none"
    words: tuple[str, ...] = field(default=())


def next_question(line: Line, conversation_id: int) -> Question | None:
    """The oldest message of a conversation that waits for the engine, or None."""
    with line.database.read() as session:
        conversation = session.get(Conversation, conversation_id)
        if conversation is None or conversation.state != "bot":
            return None
        query = select(Message).where(
            Message.conversation_id == conversation_id,
            Message.author == "person",
            Message.sequence > conversation.handled_sequence,
        )
        message = session.execute(query.order_by(Message.sequence).limit(1)).scalar()
        return _question(line, conversation, message) if message else None


def _question(line: Line, conversation: Conversation, message: Message) -> Question:
    body = messages.load(line.keys.box(conversation.key_id).decrypt(message.body_cipher))
    return Question(
        conversation_id=conversation.id,
        key_id=conversation.key_id,
        sequence=message.sequence,
        epoch=conversation.epoch,
        message_id=f"{conversation.key_id}:{message.sequence}",
        text=body.payload or body.text,
        payload=body.payload is not None,
        channel=conversation.channel,
        language=conversation.language,
        country=conversation.country,
        late=inbox.age(message) > line.settings.late_after,
        noticed=conversation.noticed_at is not None,
        more=conversation.last_person_sequence > message.sequence,
    )


def apply(line: Line, question: Question, turn: Turn) -> None:
    """Adds the engine's replies and carries out its commands, together, in one transaction.

    When the conversation has moved on since the question was asked, only crisis texts are still sent.
    """
    with line.database.write() as session:
        conversation = session.get(Conversation, question.conversation_id, with_for_update=True)
        if conversation is None or conversation.handled_sequence >= question.sequence:
            return
        _apply(session, line, conversation, question, turn)


def _apply(session: Session, line: Line, conversation: Conversation, question: Question, turn: Turn) -> None:
    box = line.keys.box(conversation.key_id)
    current = conversation.state == "bot" and conversation.epoch == question.epoch
    conversation.handled_sequence = question.sequence
    conversation.safety = safety.worse(conversation.safety, turn.safety)
    _mark(session, conversation, box, question.sequence, turn.safety, turn.words)
    if current:
        conversation.noticed_at = None
        conversation.language = turn.language or conversation.language
    for reply in turn.replies:
        if current or reply.kind == "crisis":
            body = Body(reply.text, reply.buttons)
            author = {"ordinary": "bot"}.get(reply.kind, "line")
            _say(session, line, conversation, box, body, reply.kind, author)
    if current:
        for command in turn.commands:
            _carry_out(session, line, conversation, box, command)


def _say(
    session: Session, line: Line, conversation: Conversation, box: Fernet, body: Body, kind: str, author: str
) -> None:
    if author == "line":
        handoff.tell_person(session, line, conversation, box, body, kind)
    elif not conversation.silent:
        messages.add(session, conversation, box, author, body, kind)


def judge(line: Line, conversation_id: int, sequence: int, level: str, words: tuple[str, ...]) -> None:
    """Keeps the engine's judgement of a message that went to a human; it re-scores the priority."""
    with line.database.write() as session:
        conversation = session.get(Conversation, conversation_id, with_for_update=True)
        if conversation is not None and conversation.erased_at is None:
            conversation.safety = safety.worse(conversation.safety, level)
            _mark(session, conversation, line.keys.box(conversation.key_id), sequence, level, words)


def _mark(
    session: Session, conversation: Conversation, box: Fernet, sequence: int, level: str, words: tuple[str, ...]
) -> None:
    """Keeps the words that show a danger with their message, for the card."""
    if not words and level == "none":
        return
    where = (Message.conversation_id == conversation.id, Message.sequence == sequence)
    message = session.execute(select(Message).where(*where)).scalar_one()
    body = messages.load(box.decrypt(message.body_cipher))
    together = tuple(dict.fromkeys([*body.words, *words]))
    message.body_cipher = box.encrypt(messages.dump(Body(body.text, body.buttons, body.payload, together)))
    message.safety = safety.worse(message.safety, level)


def _carry_out(session: Session, line: Line, conversation: Conversation, box: Fernet, command: dict[str, Any]) -> None:
    name = command["name"]
    if name == "hand_off" and conversation.state == "bot":
        handoff.enqueue(session, line, conversation, box, command.get("reason", "asked"), "bot")
    elif name == "remember":
        conversations.remember(conversation, box, command["facts"])
        conversation.country = command["facts"].get("country") or conversation.country
    elif name == "set_language":
        conversation.language = command["language"]
    elif name == "cannot_talk":
        inbox.hush(session, line, conversation, box)
    elif name == "delete":
        erasure.begin(session, line, conversation, "person", "asked")


def failed(line: Line, question: Question, down: bool) -> None:
    """The engine did not answer: the person gets a written answer with the emergency number, once an outage.

    With `down` the message waits for the engine; otherwise the engine could not answer this very
    message, and after some tries it is put before a human.
    """
    with line.database.write() as session:
        conversation = session.get(Conversation, question.conversation_id, with_for_update=True)
        if conversation is None or conversation.state != "bot":
            return
        box = line.keys.box(conversation.key_id)
        if conversation.noticed_at is None:
            conversation.noticed_at = now()
            _notice(session, line, conversation, box)
        if not down:
            _count_attempt(session, line, conversation, box, question)


def _notice(session: Session, line: Line, conversation: Conversation, box: Fernet) -> None:
    number = emergency.number_for(conversation.country)
    button = Button(handoff.line_text(conversation, "line_button_human"), "/request_human")
    body = Body(handoff.line_text(conversation, "line_engine_down", number=number), (button,))
    handoff.tell_person(session, line, conversation, box, body, "announcement")


def _count_attempt(session: Session, line: Line, conversation: Conversation, box: Fernet, question: Question) -> None:
    where = (Message.conversation_id == conversation.id, Message.sequence == question.sequence)
    message = session.execute(select(Message).where(*where)).scalar_one()
    message.attempts += 1
    if message.attempts >= MOST_ATTEMPTS:
        put_before_human(session, line, conversation, box, "engine_failed")


def take_late(line: Line, question: Question) -> None:
    """A message too old to be answered by a program now: put before a human, never auto-answered."""
    with line.database.write() as session:
        conversation = session.get(Conversation, question.conversation_id, with_for_update=True)
        if conversation is not None and conversation.state == "bot":
            put_before_human(session, line, conversation, line.keys.box(conversation.key_id), "late")


def put_before_human(session: Session, line: Line, conversation: Conversation, box: Fernet, reason: str) -> None:
    """Queues a conversation whose messages the engine did not answer."""
    conversation.handled_sequence = conversation.last_sequence
    handoff.enqueue(session, line, conversation, box, reason, "line")
