"""Tables of the domain core: conversations, their messages, what is queued out, and advocates.

Columns ending in `_cipher` are encrypted under the conversation's data key (`helpline.keys`).
"""

from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import declarative_base

from helpline.database import UtcTime, now

Base: Any = declarative_base()

OPEN = text("state <> 'closed'")


class Conversation(Base):
    """One person on one address, from the first message until it is closed."""

    __tablename__ = "conversation"
    __table_args__ = (
        Index("one_open_conversation", "address_hash", unique=True, sqlite_where=OPEN, postgresql_where=OPEN),
        Index("conversation_by_state", "state"),
        Index("conversation_by_address", "address_hash"),
        {"sqlite_autoincrement": True},
    )

    id = Column(Integer, primary_key=True)
    key_id = Column(String(32), nullable=False, unique=True)
    channel = Column(String(16), nullable=False)
    address_hash = Column(String(64), nullable=False)
    address_cipher = Column(LargeBinary)
    our_address = Column(String(64), nullable=False, default="")
    state = Column(String(8), nullable=False, default="bot")
    epoch = Column(Integer, nullable=False, default=0)
    owner_id = Column(ForeignKey("advocate.id"))
    owner_seen_at = Column(UtcTime)
    language = Column(String(8))
    country = Column(String(2))
    facts_cipher = Column(LargeBinary)
    reason = Column(String(16))
    safety = Column(String(8), nullable=False, default="none")
    front = Column(Boolean, nullable=False, default=False)
    queued_at = Column(UtcTime)
    silent = Column(Boolean, nullable=False, default=False)
    noticed_at = Column(UtcTime)
    last_sequence = Column(Integer, nullable=False, default=0)
    handled_sequence = Column(Integer, nullable=False, default=0)
    last_person_sequence = Column(Integer, nullable=False, default=0)
    created_at = Column(UtcTime, nullable=False, default=now)
    updated_at = Column(UtcTime, nullable=False, default=now)
    closed_at = Column(UtcTime)
    erased_at = Column(UtcTime)


class Message(Base):
    """One message of a conversation, in its sequence; the body is JSON with `text` and perhaps `buttons`."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("conversation_id", "sequence"),
        UniqueConstraint("external_id"),
    )

    id = Column(Integer, primary_key=True)
    conversation_id = Column(ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False)
    sequence = Column(Integer, nullable=False)
    external_id = Column(String(200))
    author = Column(String(8), nullable=False)
    kind = Column(String(12), nullable=False, default="ordinary")
    advocate_id = Column(ForeignKey("advocate.id"))
    epoch = Column(Integer, nullable=False, default=0)
    body_cipher = Column(LargeBinary, nullable=False)
    safety = Column(String(8), nullable=False, default="none")
    attempts = Column(Integer, nullable=False, default=0)
    at = Column(UtcTime, nullable=False, default=now)


class Outbox(Base):
    """What is to be handed to a provider: one row a message that leaves by SMS."""

    __tablename__ = "outbox"
    __table_args__ = (Index("outbox_by_status", "status", "next_attempt_at"),)

    id = Column(String(32), primary_key=True)
    message_id = Column(ForeignKey("message.id", ondelete="CASCADE"), nullable=False, unique=True)
    conversation_id = Column(ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False, index=True)
    status = Column(String(10), nullable=False, default="pending")
    attempts = Column(Integer, nullable=False, default=0)
    next_attempt_at = Column(UtcTime, nullable=False, default=now)
    provider_id = Column(String(64))
    error_code = Column(String(32))
    resent = Column(Boolean, nullable=False, default=False)
    updated_at = Column(UtcTime, nullable=False, default=now)


class Event(Base):
    """The append-only log of what happened to a conversation, and by whom; no words of anybody."""

    __tablename__ = "event"

    id = Column(Integer, primary_key=True)
    conversation_id = Column(ForeignKey("conversation.id", ondelete="CASCADE"), nullable=False, index=True)
    epoch = Column(Integer, nullable=False)
    name = Column(String(24), nullable=False)
    from_state = Column(String(8), nullable=False)
    to_state = Column(String(8), nullable=False)
    actor = Column(String(24), nullable=False)
    reason = Column(String(32))
    at = Column(UtcTime, nullable=False, default=now)


class Consent(Base):
    """Whether an address may be written to; outlives conversations, so that a STOP is not forgotten."""

    __tablename__ = "consent"

    address_hash = Column(String(64), primary_key=True)
    stopped = Column(Boolean, nullable=False)
    changed_at = Column(UtcTime, nullable=False, default=now)


class Advocate(Base):
    """A person who takes over conversations."""

    __tablename__ = "advocate"

    id = Column(Integer, primary_key=True)
    login = Column(String(64), nullable=False, unique=True)
    name = Column(String(80), nullable=False)
    password_hash = Column(String(200), nullable=False)
    one_time = Column(Boolean, nullable=False, default=True)
    language = Column(String(8), nullable=False, default="en")
    created_at = Column(UtcTime, nullable=False, default=now)
    disabled_at = Column(UtcTime)
    seen_at = Column(UtcTime)


class DeskSession(Base):
    """A signed-in advocate's session; the cookie holds the token, the table only its hash."""

    __tablename__ = "desk_session"

    token_hash = Column(String(64), primary_key=True)
    advocate_id = Column(ForeignKey("advocate.id", ondelete="CASCADE"), nullable=False)
    created_at = Column(UtcTime, nullable=False, default=now)
    expires_at = Column(UtcTime, nullable=False)


class Cleanup(Base):
    """Copies that others hold of a deleted conversation, until they are verified as gone."""

    __tablename__ = "cleanup"

    id = Column(Integer, primary_key=True)
    kind = Column(String(16), nullable=False)
    reference = Column(String(64), nullable=False)
    attempts = Column(Integer, nullable=False, default=0)
    next_attempt_at = Column(UtcTime, nullable=False, default=now)
    done_at = Column(UtcTime)
