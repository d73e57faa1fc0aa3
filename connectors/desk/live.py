"""The desk's live part: a Socket.IO namespace that says *that* something changed, never what was said."""

import hashlib
from typing import Any
from urllib.parse import urlsplit

from socketio.exceptions import ConnectionRefusedError
from starlette.requests import cookie_parser

from connectors.desk import session
from helpline import handoff
from helpline.line import Line
from helpline.models import Advocate

NAMESPACE = "/desk"


def attach(edge: Any) -> None:
    """Makes the namespace answer to signed-in desks."""
    edge.sio.on("connect", _connect(edge), namespace=NAMESPACE)
    edge.sio.on("alive", _alive(edge), namespace=NAMESPACE)


async def sign_out(edge: Any, token: str) -> None:
    """Tells every window of a session, on whatever server, that it has ended."""
    await edge.sio.emit("signed_out", {}, room=_room(token), namespace=NAMESPACE)


def _connect(edge: Any) -> Any:
    async def connect(sid: str, environ: dict[str, Any], _auth: Any = None) -> None:
        token = cookie_parser(environ.get("HTTP_COOKIE", "")).get(session.COOKIE, "")
        if not _from_here(edge.line, environ) or await edge.run(_beat, edge.line, token) is None:
            raise ConnectionRefusedError("signed_out")
        await edge.sio.save_session(sid, {"token": token}, namespace=NAMESPACE)
        await edge.sio.enter_room(sid, _room(token), namespace=NAMESPACE)

    return connect


def _from_here(line: Line, environ: dict[str, Any]) -> bool:
    """Whether the desk's own page connects: the chat may be on any site, the desk is only on ours."""
    origin = environ.get("HTTP_ORIGIN")
    return origin is None or urlsplit(origin).netloc in (
        environ.get("HTTP_HOST"),
        urlsplit(line.settings.public).netloc,
    )


def _alive(edge: Any) -> Any:
    async def alive(sid: str, *_data: Any) -> None:
        known = await edge.sio.get_session(sid, namespace=NAMESPACE)
        if await edge.run(_beat, edge.line, known["token"]) is None:
            await edge.sio.emit("signed_out", {}, to=sid, namespace=NAMESPACE)
            await edge.sio.disconnect(sid, namespace=NAMESPACE)

    return alive


def _beat(line: Line, token: str) -> Advocate | None:
    """The signed-in advocate, whose sign of life this is."""
    advocate = session.find(line, token)
    if advocate is None or advocate.one_time:
        return None
    with line.database.write() as database:
        handoff.heartbeat(database, advocate.id)
    return advocate


def _room(token: str) -> str:
    return f"session:{hashlib.sha256(token.encode()).hexdigest()}"
