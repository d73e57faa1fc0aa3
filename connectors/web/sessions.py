"""Chat sessions: issued by the server. The session id is a name; only the token proves that one is yours."""

import secrets
from dataclasses import dataclass

from sqlalchemy.orm import Session

from connectors.web.push import public_id
from helpline import conversations, messages
from helpline.conversations import Address, Conflict
from helpline.line import Line
from helpline.messages import Entry
from helpline.models import Conversation

LONGEST_TOKEN = 100


@dataclass(frozen=True)
class ChatSession:
    """One person's chat in one tab."""

    session_id: str
    token: str
    address_hash: str

    @property
    def address(self) -> Address:
        """What its conversations are bound to."""
        return Address("web", _value(self.token))


@dataclass(frozen=True)
class Resumed:
    """A session with what it has missed."""

    session: ChatSession
    conversation_id: int | None
    conversation: str | None
    cursor: int
    language: str | None
    entries: list[Entry]


def new_session(line: Line) -> ChatSession:
    """A session that nobody has had before."""
    return _session(line, secrets.token_urlsafe(32))


def _value(token: str) -> str:
    return f"web:{token}"


def _session(line: Line, token: str) -> ChatSession:
    """The session of a token; its id is derived one way, so that it tells nothing about the token."""
    address_hash = line.keys.address_hash(_value(token))
    return ChatSession(address_hash[:24], token, address_hash)


def resume(session: Session, line: Line, token: object, after: object) -> Resumed | None:
    """The session of that token while its conversation is open, with the messages after the cursor; else None."""
    if not isinstance(token, str) or not token.isascii() or not 20 <= len(token) <= LONGEST_TOKEN:
        return None
    chat = _session(line, token)
    conversation = conversations.latest(session, line, chat.address)
    if conversation is None or conversation.state == "closed":
        return None
    box = line.keys.box(conversation.key_id)
    entries = messages.read(session, conversation, box, _cursor(after, conversation))
    return Resumed(
        ChatSession(chat.session_id, token, conversation.address_hash),
        conversation.id,
        public_id(conversation.key_id),
        conversation.last_sequence,
        conversation.language,
        entries,
    )


def _cursor(after: object, conversation: Conversation) -> int:
    """A cursor as a client names it; one that cannot be is 0, which shows everything that is theirs."""
    valid = isinstance(after, int) and not isinstance(after, bool) and 0 <= after <= conversation.last_sequence
    return int(after) if valid else 0  # type: ignore[call-overload]


def leave(session: Session, line: Line, token: object) -> int | None:
    """Quick exit: the conversation ends at once and nothing unsent is shown; its id, None when there is none."""
    found = resume(session, line, token, 0)
    if found is None or found.conversation_id is None:
        return None
    conversation = conversations.get(session, found.conversation_id)
    messages.cancel_unsent(session, conversation.address_hash)
    try:
        conversations.move(session, conversation, "closed", "person", "exit", "exit")
    except Conflict:
        return None
    return int(conversation.id)
