"""Accepting a message: stored once, checked for danger, and what the line itself must do, in one transaction."""

import re
import unicodedata
from dataclasses import dataclass, replace

from cryptography.fernet import Fernet
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from helpline import consent, conversations, emergency, erasure, handoff, messages, safety
from helpline.conversations import TEXTING, Address
from helpline.database import now
from helpline.line import Line
from helpline.messages import Body, Button
from helpline.models import Conversation, Message
from helpline.safety import Assessment

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True)
class Incoming:
    """A message as a channel received it. `external_id` is the sender's id for it, unique per source."""

    address: Address
    external_id: str
    text: str
    payload: str | None = None
    media: int = 0
    language: str | None = None


@dataclass(frozen=True)
class Accepted:
    """What became of an incoming message."""

    conversation_id: int
    key_id: str
    sequence: int
    relayed: bool = False
    duplicate: bool = False


@dataclass(frozen=True)
class _Case:
    """What the steps of accepting one message share."""

    session: Session
    line: Line
    conversation: Conversation
    box: Fernet
    hashes: list[str]
    stopped: bool
    incoming: Incoming
    assessment: Assessment
    message: Message

    def tell(self, key: str, kind: str = "announcement", **values: object) -> None:
        body = Body(handoff.line_text(self.conversation, key, **values))
        handoff.tell_person(self.session, self.line, self.conversation, self.box, body, kind)


def accept(line: Line, incoming: Incoming) -> Accepted:
    """Stores a message and does at once what cannot wait for the engine.

    A repeated `external_id` changes nothing and is answered as the first time.
    """
    incoming = replace(incoming, text=clean(incoming.text))
    try:
        with line.database.write() as session:
            return _accept(session, line, incoming)
    except IntegrityError:  # another process took the same id, or opened the same conversation, first
        with line.database.write() as session:
            return _accept(session, line, incoming)


def clean(text: str) -> str:
    """The text as it is kept: one Unicode form, no control characters, no surrounding space."""
    return _CONTROL.sub("", unicodedata.normalize("NFC", text)).strip()


def _accept(session: Session, line: Line, incoming: Incoming) -> Accepted:
    known = session.execute(select(Message).where(Message.external_id == incoming.external_id)).scalar()
    if known:
        key_id = conversations.get(session, known.conversation_id).key_id
        return Accepted(known.conversation_id, key_id, known.sequence, duplicate=True)
    if erasure.was_erased(session, incoming.external_id):
        return Accepted(0, "", 0, duplicate=True)
    conversation = conversations.find_open(session, line, incoming.address)
    if conversation is None:
        conversation = conversations.open_new(session, line, incoming.address, line.keys.create())
        consent.carry_over(session, line.keys.address_hashes(incoming.address.value))
    case = _store(session, line, conversation, incoming)
    _act(case)
    relayed = conversation.state in ("queued", "human")
    return Accepted(conversation.id, conversation.key_id, case.message.sequence, relayed)


def _store(session: Session, line: Line, conversation: Conversation, incoming: Incoming) -> _Case:
    box = line.keys.box(conversation.key_id)
    assessment = safety.assess(incoming.text)
    conversation.language = conversation.language or assessment.language or incoming.language
    button = _pressed(messages.offered(session, conversation, box), incoming)
    payload = button.payload if button else None
    text = button.title if button and incoming.payload else incoming.text
    body = Body(text, payload=payload, words=assessment.words)
    message = messages.add(
        session, conversation, box, "person", body, external_id=incoming.external_id, safety=assessment.level
    )
    conversation.silent = False
    conversation.safety = safety.worse(conversation.safety, assessment.level)
    hashes = line.keys.address_hashes(incoming.address.value)
    stopped = consent.is_stopped(session, hashes)
    pressed = replace(incoming, payload=payload)
    return _Case(session, line, conversation, box, hashes, stopped, pressed, assessment, message)


def _pressed(offered: tuple[Button, ...], incoming: Incoming) -> Button | None:
    """The button that was pressed, or whose number or title was written; only one that was offered."""
    if incoming.payload:
        return next((b for b in offered if b.payload == incoming.payload), None)
    number = incoming.text.strip(" .)")
    if len(number) <= 2 and number.isdecimal() and 1 <= int(number) <= len(offered):
        return offered[int(number) - 1]
    return next((b for b in offered if b.title.casefold() == incoming.text.casefold()), None)


def _act(case: _Case) -> None:
    """The first of these that applies is all that happens; what none takes is left to the dialogue or the advocate."""
    steps = (_consent, _safe_word, _cannot_talk, _crisis, _stopped, _pressed_for_line, _unreadable)
    if any(step(case) for step in steps) or case.conversation.state != "bot":
        case.conversation.handled_sequence = case.message.sequence


def _consent(case: _Case) -> bool:
    if case.conversation.channel not in TEXTING:
        return False
    word = consent.carrier_word(case.incoming.text, case.stopped)
    if word in ("stop", "start"):
        for address_hash in case.hashes:
            consent.set_stopped(case.session, address_hash, word == "stop")
            if word == "stop":
                messages.cancel_unsent(case.session, address_hash)
        state = case.conversation.state
        conversations.log(case.session, case.conversation, f"consent_{word}", state, "person")
    elif word == "help":
        case.tell("line_carrier_help", number=emergency.number_for(case.conversation.country))
    return word is not None


def _safe_word(case: _Case) -> bool:
    if case.assessment.safe_word:
        erasure.begin(case.session, case.line, case.conversation, "person", "safe_word")
    return case.assessment.safe_word


def _cannot_talk(case: _Case) -> bool:
    if not case.assessment.cannot_talk:
        return False
    hush(case.session, case.line, case.conversation, case.box)
    if case.assessment.crisis and case.conversation.state == "bot":
        handoff.enqueue(case.session, case.line, case.conversation, case.box, "crisis", "line", tell=False)
    return True


def hush(session: Session, line: Line, conversation: Conversation, box: Fernet) -> None:
    """One neutral word, then nothing more until the person writes: somebody may be reading over their shoulder."""
    messages.cancel_unsent(session, conversation.address_hash)
    body = Body(handoff.line_text(conversation, "line_neutral"))
    handoff.tell_person(session, line, conversation, box, body, "announcement")
    conversation.silent = True
    conversations.log(session, conversation, "cannot_talk", conversation.state, "person")


def _crisis(case: _Case) -> bool:
    if not case.assessment.crisis:
        return False
    if case.conversation.state == "human":
        return True
    number = emergency.number_for(case.conversation.country)
    intent = case.assessment.intent
    key = "line_suicidal" if intent == "suicidal_thoughts" else f"line_crisis_{case.assessment.level}"
    if case.conversation.state == "bot":
        case.tell(key, "crisis", number=number)
        handoff.enqueue(case.session, case.line, case.conversation, case.box, "crisis", "line")
    elif case.conversation.reason != "crisis":
        case.conversation.reason = "crisis"
        case.tell(key, "crisis", number=number)
    return True


def _stopped(case: _Case) -> bool:
    return case.stopped


def _pressed_for_line(case: _Case) -> bool:
    conversation, payload = case.conversation, case.incoming.payload
    if payload == "/request_human" and conversation.state == "bot":
        handoff.enqueue(case.session, case.line, conversation, case.box, "asked", "person")
    elif payload == "/return_to_bot" and conversation.state == "queued":
        conversations.move(case.session, conversation, "bot", "person", "returned")
        case.tell("line_back_to_bot")
    else:
        return False
    return True


def _unreadable(case: _Case) -> bool:
    if case.incoming.text or case.conversation.state != "bot":
        return False
    case.tell("line_media" if case.incoming.media else "line_empty", "ordinary")
    return True


def unhandled(session: Session) -> list[int]:
    """The ids of the conversations with the bot that have a message waiting for the dialogue."""
    query = select(Conversation.id).where(
        Conversation.state == "bot", Conversation.last_person_sequence > Conversation.handled_sequence
    )
    return list(session.execute(query).scalars())


def age(message: Message) -> float:
    """Seconds since a message was accepted."""
    return (now() - message.at).total_seconds()
