"""The chat's Socket.IO events: Rasa's own, so that Rasa's widgets can connect, and what our page adds."""

import uuid
from typing import Any

import structlog

from connectors.edge import Edge
from connectors.metrics import MESSAGES, REFUSED
from connectors.web import sessions
from connectors.web.push import as_message, public_id, room
from connectors.web.sessions import ChatSession, Resumed
from helpline import inbox
from helpline.inbox import Accepted, Incoming
from helpline.sentences import languages, say

log = structlog.get_logger()

LONGEST_MESSAGE_ID = 64


def register(edge: Edge) -> None:
    """Attaches the events to the edge's Socket.IO server."""
    chat = _Chat(edge)
    edge.sio.on("session_request", chat.session_request)
    edge.sio.on("user_uttered", chat.user_uttered)
    edge.sio.on("exit", chat.exit)


class _Chat:
    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._sio = edge.sio

    async def session_request(self, sid: str, data: object = None) -> dict[str, Any]:
        """Gives the connection its own session back, when it proves it with the token, or a new one."""
        asked = data if isinstance(data, dict) else {}
        line = self._edge.line
        args = (line, asked.get("token"), asked.get("after"))
        found: Resumed | None = await self._edge.read(sessions.resume, *args)
        language = asked.get("language") if asked.get("language") in languages() else None
        chat = found.session if found else await self._kept(sid) or sessions.new_session(line)
        await self._bind(sid, chat, language)
        await self._sio.emit("session_confirm", chat.session_id, to=sid)
        if found and found.conversation_id is not None:
            self._edge.push.watch(found.conversation_id, chat.address_hash, found.cursor)
        return _confirmation(chat, found, language)

    async def _kept(self, sid: str) -> ChatSession | None:
        """The session this very connection has been given before."""
        chat: ChatSession | None = (await self._sio.get_session(sid)).get("chat")
        return chat

    async def _bind(self, sid: str, chat: ChatSession, language: str | None) -> None:
        before = await self._kept(sid)
        if before:
            await self._sio.leave_room(sid, room(before.address_hash))
        await self._sio.save_session(sid, {"chat": chat, "language": language})
        await self._sio.enter_room(sid, room(chat.address_hash))

    async def user_uttered(self, sid: str, data: object = None) -> dict[str, Any]:
        """Takes a message. It goes to this connection's own conversation, whatever session it names."""
        said = data if isinstance(data, dict) else {}
        text = said.get("message")
        language = (await self._sio.get_session(sid)).get("language")
        if not isinstance(text, str):
            return await self._refuse(sid, said, "empty", "line_empty", language)
        if len(text.encode(errors="replace")) > self._edge.line.settings.max_message_bytes:
            return await self._refuse(sid, said, "too_long", "line_too_long", language)
        chat = await self._kept(sid)
        if chat is None:
            await self.session_request(sid)
            chat = await self._kept(sid)
            assert chat is not None
        accepted = await self._accept(sid, chat, said, text, language)
        return {
            "accepted": True,
            "conversation": public_id(accepted.key_id),
            "sequence": accepted.sequence,
            "duplicate": accepted.duplicate,
        }

    async def _accept(
        self, sid: str, chat: ChatSession, said: dict[str, Any], text: str, language: str | None
    ) -> Accepted:
        incoming = Incoming(
            chat.address,
            f"web:{chat.session_id}:{_message_id(said)}",
            text.encode(errors="replace").decode(),
            payload=_payload(said, text),
            language=language,
        )
        accepted = await self._edge.commit(inbox.accept, self._edge.line, incoming)
        MESSAGES.labels("web", str(accepted.duplicate).lower()).inc()
        self._edge.push.watch(accepted.conversation_id, chat.address_hash)
        self._edge.spawn(self._edge.accepted(accepted, incoming.text, sid))
        return accepted

    async def _refuse(
        self, sid: str, said: dict[str, Any], error: str, key: str, language: str | None
    ) -> dict[str, Any]:
        """Says what is wrong: as an answer to our page, as a message to a widget that awaits no answers."""
        REFUSED.labels(error).inc()
        text = say(key, language)
        if "message_id" not in said:
            await self._sio.emit("bot_uttered", {"text": text}, to=sid)
        return {"accepted": False, "error": error, "text": text}

    async def exit(self, sid: str, data: object = None) -> dict[str, Any]:
        """Quick exit of this connection's own session."""
        chat = await self._kept(sid)
        if chat:
            await self._sio.leave_room(sid, room(chat.address_hash))
            await self._sio.save_session(sid, {})
            await leave(self._edge, chat.token)
        return {"left": True}


async def leave(edge: Edge, token: object) -> None:
    """Ends the session of a token and tells everybody who looks on."""
    conversation_id = await edge.write(sessions.leave, edge.line, token)
    if conversation_id is not None:
        await edge.changed(conversation_id)


def _message_id(said: dict[str, Any]) -> str:
    given = said.get("message_id")
    usable = isinstance(given, str) and given.replace("-", "").isalnum() and len(given) <= LONGEST_MESSAGE_ID
    return str(given) if usable else uuid.uuid4().hex


def _payload(said: dict[str, Any], text: str) -> str | None:
    given = said.get("payload")
    if isinstance(given, str):
        return given
    return text if text.startswith("/") else None


def _confirmation(chat: ChatSession, found: Resumed | None, language: str | None) -> dict[str, Any]:
    conversation = found.conversation if found else None
    return {
        "session_id": chat.session_id,
        "token": chat.token,
        "conversation": conversation,
        "cursor": found.cursor if found else 0,
        "language": (found.language if found else None) or language,
        "messages": [as_message(conversation or "", entry) for entry in found.entries] if found else [],
    }
