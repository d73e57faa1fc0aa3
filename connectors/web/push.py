"""Live messages to people's browsers; what a browser misses it gets by its cursor."""

from typing import TYPE_CHECKING, Any

import anyio
from sqlalchemy.orm import Session

from helpline import messages
from helpline.line import Line
from helpline.messages import Entry
from helpline.models import Conversation

if TYPE_CHECKING:
    from connectors.edge import Edge


def room(address_hash: str) -> str:
    """The Socket.IO room of everybody who has proved that an address is theirs."""
    return f"address:{address_hash}"


def public_id(key_id: str) -> str:
    """The name by which a browser knows a conversation; it gives access to nothing."""
    return key_id[:12]


class Push:
    """Keeps, for each conversation somebody looks at, what has been pushed, and pushes the rest."""

    def __init__(self, edge: "Edge") -> None:
        self._edge = edge
        self._rooms: dict[int, str] = {}
        self._pushed: dict[int, int] = {}
        self._lock = anyio.Lock()

    def watch(self, conversation_id: int, address_hash: str, shown: int = 0) -> None:
        """Somebody looks at a conversation, and has been given everything up to the sequence `shown`."""
        self._rooms[conversation_id] = room(address_hash)
        self._pushed.setdefault(conversation_id, shown)

    async def messages(self, conversation_id: int, sid: str | None = None) -> None:
        """Pushes what is new in a conversation; `sid` is the connection that wrote, which knows it already."""
        if conversation_id in self._rooms:
            async with self._lock:
                await self._push(conversation_id, sid)

    async def _push(self, conversation_id: int, sid: str | None) -> None:
        target = self._rooms.get(conversation_id, "")
        after = self._pushed.get(conversation_id, 0)
        found = await self._edge.read(_new, self._edge.line, conversation_id, after) if self._watched(target) else None
        if found is None:
            self._forget(conversation_id)
            return
        conversation, entries, ended = found
        for entry in entries:
            name = "person_uttered" if entry.author == "person" else "bot_uttered"
            skip = sid if entry.author == "person" else None
            await self._edge.sio.emit(name, as_message(conversation, entry), room=target, skip_sid=skip)
            self._pushed[conversation_id] = entry.sequence
        if ended:
            await self._edge.sio.emit("session_ended", {}, room=target)
            self._forget(conversation_id)

    def _forget(self, conversation_id: int) -> None:
        self._rooms.pop(conversation_id, None)
        self._pushed.pop(conversation_id, None)

    async def typing(self, conversation_id: int) -> None:
        """Shows that an answer is being written."""
        target = self._rooms.get(conversation_id)
        if target:
            await self._edge.sio.emit("typing", {}, room=target)

    def _watched(self, target: str) -> bool:
        return any(self._edge.sio.manager.get_participants("/", target))


def _new(session: Session, line: Line, conversation_id: int, after: int) -> tuple[str, list[Entry], bool] | None:
    conversation = session.get(Conversation, conversation_id)
    if conversation is None:
        return None
    box = line.keys.box(conversation.key_id)
    entries = messages.read(session, conversation, box, after)
    return public_id(conversation.key_id), entries, conversation.erased_at is not None


def as_message(conversation: str, entry: Entry) -> dict[str, Any]:
    """A message in the form of Rasa's `bot_uttered`, with what our own page needs beside it."""
    message: dict[str, Any] = {
        "sequence": entry.sequence,
        "conversation": conversation,
        "author": entry.author,
        "kind": entry.kind,
        "text": entry.body.text,
        "at": entry.at.isoformat(),
    }
    if entry.author == "person" and entry.external_id:
        message["message_id"] = entry.external_id.rsplit(":", 1)[-1]
    if entry.body.buttons:
        message["quick_replies"] = [
            {"content_type": "text", "title": button.title, "payload": button.payload} for button in entry.body.buttons
        ]
    return message
