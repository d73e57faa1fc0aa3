"""One conversation on the desk: reading it, claiming it, writing to the person, letting go of it."""

import uuid
from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from connectors.desk import board, transcript, view
from connectors.desk.problems import Problem
from helpline import conversations, handoff, inbox
from helpline.conversations import Conflict
from helpline.handoff import Refused
from helpline.line import Line
from helpline.models import Advocate

LARGEST_INTEGER = 2**31 - 1  # what the database takes as an id or a sequence number


def number(text: str | None, problem: Problem) -> int:
    """A whole number from 0 on. Raises the problem for anything else."""
    digits = text if text and text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_INTEGER)) else ""
    if not digits or int(digits) > LARGEST_INTEGER:
        raise problem
    return int(digits)


def _id(request: Request) -> int:
    return number(request.path_params["id"], Problem(404, "unknown_conversation"))


async def home(request: Request, advocate: Advocate) -> Response:
    """The desk with the queue and no conversation open."""
    edge = request.app.state.edge
    rows = await edge.run(board.read, edge.line, advocate)
    return view.render(request, "desk.html", board=rows, opened=None)


async def queue(request: Request, advocate: Advocate) -> Response:
    """The queue alone, for refreshing it; `open` is the conversation that is shown beside it."""
    edge = request.app.state.edge
    rows = await edge.run(board.read, edge.line, advocate)
    opened_id = number(request.query_params.get("open", "0"), Problem(400, "cursor"))
    return view.render(request, "queue.html", board=rows, opened_id=opened_id)


async def show(request: Request, advocate: Advocate) -> Response:
    """The desk with a conversation open."""
    edge = request.app.state.edge
    opened = await edge.run(transcript.read, edge.line, advocate, _id(request))
    rows = await edge.run(board.read, edge.line, advocate)
    return view.render(request, "desk.html", board=rows, opened=opened)


async def panel(request: Request, advocate: Advocate) -> Response:
    """Card, buttons and composer of an open conversation, for refreshing them."""
    edge = request.app.state.edge
    opened = await edge.run(transcript.read, edge.line, advocate, _id(request), 0, False)
    return view.render(request, "conversation.html", opened=opened)


async def messages(request: Request, advocate: Advocate) -> Response:
    """The messages after the cursor `after`, as a piece of the page."""
    edge, after = request.app.state.edge, number(request.query_params.get("after"), Problem(400, "cursor"))
    opened = await edge.run(transcript.read, edge.line, advocate, _id(request), after, False)
    return view.render(request, "messages.html", opened=opened)


async def claim(request: Request, advocate: Advocate) -> Response:
    """Makes the advocate the owner of a waiting conversation; 409 names who was first."""
    edge, conversation_id = request.app.state.edge, _id(request)
    await edge.run(_claim, edge.line, conversation_id, advocate)
    await edge.changed(conversation_id)
    return RedirectResponse(f"/desk/conversations/{conversation_id}", 303)


def _claim(line: Line, conversation_id: int, advocate: Advocate) -> None:
    try:
        with line.database.write() as session:
            handoff.claim(session, line, conversation_id, advocate)
    except Conflict:
        with line.database.read() as session:
            _explain(session, conversation_id, advocate)


def _explain(session: Session, conversation_id: int, advocate: Advocate) -> None:
    """Raises the Problem that tells who has the conversation now; a second click of its owner is none."""
    conversation = conversations.get(session, conversation_id)
    if conversation.state == "human" and conversation.owner_id == advocate.id:
        return
    owner = session.get(Advocate, conversation.owner_id) if conversation.owner_id else None
    if owner:
        raise Problem(409, "first", number=conversation_id, name=owner.name)
    raise Problem(409, f"is_{conversation.state}", number=conversation_id)


async def send(request: Request, advocate: Advocate) -> Response:
    """Sends a message to the person: form fields `text`, `client_id` (a UUID) and `seen`, the last sequence shown.

    200 with its sequence, the same for a repeated `client_id`; 409 with the reason and what was not seen.
    """
    edge, conversation_id = request.app.state.edge, _id(request)
    form = await request.form()
    text = _text(edge.line, form.get("text"))
    client_id = _client_id(form.get("client_id"))
    seen = number(str(form.get("seen", "")), Problem(400, "cursor"))
    sequence = await edge.run(_send, edge.line, conversation_id, advocate, text, client_id, seen)
    await edge.changed(conversation_id)
    return JSONResponse({"sequence": sequence})


def _text(line: Line, value: object) -> str:
    text = inbox.clean(value) if isinstance(value, str) else ""
    if not text:
        raise Problem(400, "empty")
    if len(text.encode()) > line.settings.max_message_bytes:
        raise Problem(413, "too_long")
    return text


def _client_id(value: object) -> str:
    try:
        return str(uuid.UUID(str(value)))
    except ValueError as error:
        raise Problem(400, "client_id") from error


def _send(line: Line, conversation_id: int, advocate: Advocate, text: str, client_id: str, seen: int) -> int:
    with line.database.write() as session:
        conversation = conversations.get(session, conversation_id)
        if seen > conversation.last_sequence:
            raise Problem(400, "cursor")
        try:
            sent = handoff.send(session, line, conversation_id, advocate, text, client_id, seen)
        except Refused as refused:
            raise Problem(409, refused.reason, refused.unseen) from refused
        return int(sent.sequence)


def leaving(to: str, tell: str, name: str) -> Callable[[Request, Advocate], Any]:
    """An endpoint that lets the owner go: `to` is the next state, `tell` what the person is told, `name` the event."""

    async def leave(request: Request, advocate: Advocate) -> Response:
        edge, conversation_id = request.app.state.edge, _id(request)
        await edge.run(_leave, edge.line, conversation_id, advocate, to, tell, name)
        await edge.changed(conversation_id)
        return RedirectResponse("/desk/", 303)

    return leave


def _leave(line: Line, conversation_id: int, advocate: Advocate, to: str, tell: str, name: str) -> None:
    with line.database.write() as session:
        try:
            handoff.leave(session, line, conversation_id, advocate, to, tell, name)
        except (Refused, Conflict) as error:
            raise Problem(409, "not_owner") from error
