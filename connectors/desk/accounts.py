"""Signing in and out, the change of a password, and the language of the desk."""

from typing import Any

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from connectors.desk import live, session, view
from connectors.desk.problems import LOGIN, PASSWORD
from helpline import advocates, handoff
from helpline.advocates import SHORTEST_PASSWORD, WeakPassword, WrongPassword
from helpline.line import Line
from helpline.models import Advocate, Conversation
from helpline.sentences import languages

HOME = "/desk/"


async def show_login(request: Request) -> Response:
    """The page to sign in."""
    return view.render(request, "login.html", login="", problem=None)


async def log_in(request: Request) -> Response:
    """Signs in with login and password; 401 when they do not fit, 429 after too many tries."""
    form = await request.form()
    login, password = str(form.get("login", "")).strip(), str(form.get("password", ""))
    edge, attempts = request.app.state.edge, request.app.state.attempts
    wait = attempts.wait(login, request.client.host if request.client else "")
    if wait:
        return _try_later(request, wait)
    try:
        advocate, token = await edge.run(_sign_in, edge.line, login, password)
    except WrongPassword:
        problem = view.t(request, "desk_login_wrong")
        return view.render(request, "login.html", 401, login=login, problem=problem)
    attempts.forget(login)
    response = RedirectResponse(PASSWORD if advocate.one_time else HOME, 303)
    session.set_cookie(response, edge.line, token)
    return response


def _try_later(request: Request, wait: int) -> Response:
    text = view.t(request, "desk_login_too_often", minutes=-(-wait // 60))
    response = view.render(request, "notice.html", 429, text=text)
    response.headers["Retry-After"] = str(wait)
    return response


def _sign_in(line: Line, login: str, password: str) -> tuple[Advocate, str]:
    advocate = advocates.sign_in(line, login, password)
    with line.database.write() as database:
        return advocate, advocates.open_session(database, advocate)


async def show_password(request: Request, advocate: Advocate) -> Response:
    """The page to change one's password; the only one while it is a one-time password."""
    return view.render(request, "password.html", problem=None, shortest=SHORTEST_PASSWORD)


async def change_password(request: Request, advocate: Advocate) -> Response:
    """Takes a new password for the present one, and signs every other session of the advocate out."""
    form = await request.form()
    present, new, again = (str(form.get(name, "")) for name in ("present", "new", "again"))
    edge, attempts = request.app.state.edge, request.app.state.attempts
    wait = attempts.wait(advocate.login, request.client.host if request.client else "")
    if wait:
        return _try_later(request, wait)
    problem = _objection(present, new, again)
    if problem is None:
        try:
            token = await edge.run(_replace_password, edge.line, advocate, present, new)
        except WrongPassword:
            problem = "present"
        except WeakPassword:
            problem = "short"
        else:
            return _changed(request, advocate, token)
    text = view.t(request, f"desk_password_{problem}", shortest=SHORTEST_PASSWORD)
    return view.render(request, "password.html", 400, problem=text, shortest=SHORTEST_PASSWORD)


def _objection(present: str, new: str, again: str) -> str | None:
    if new != again:
        return "differ"
    return "same" if new == present else None


def _replace_password(line: Line, advocate: Advocate, present: str, new: str) -> str:
    advocates.sign_in(line, advocate.login, present)
    with line.database.write() as database:
        advocates.set_password(database, advocate, new)
        return advocates.open_session(database, advocate)


def _changed(request: Request, advocate: Advocate, token: str) -> Response:
    request.app.state.attempts.forget(advocate.login)
    response = RedirectResponse(HOME, 303)
    session.set_cookie(response, request.app.state.edge.line, token)
    return response


async def log_out(request: Request, advocate: Advocate) -> Response:
    """Signs out; what the advocate still has goes back to the front of the queue."""
    edge, token = request.app.state.edge, request.cookies[session.COOKIE]
    for conversation_id in await edge.run(_sign_out, edge.line, advocate, token):
        await edge.changed(conversation_id)
    await live.sign_out(edge, token)
    response = RedirectResponse(LOGIN, 303)
    session.drop_cookie(response, edge.line)
    return response


def _sign_out(line: Line, advocate: Advocate, token: str) -> list[int]:
    with line.database.write() as database:
        query = select(Conversation.id).where(Conversation.owner_id == advocate.id, Conversation.state == "human")
        owned = list(database.execute(query).scalars())
        for conversation_id in owned:
            handoff.leave(database, line, conversation_id, advocate, "queued", "line_requeued", "requeued")
        advocates.close_session(database, token)
    return owned


async def set_language(request: Request, advocate: Advocate) -> Response:
    """Changes the language of the desk for the advocate."""
    form = await request.form()
    edge, code = request.app.state.edge, form.get("language")
    if code in languages():
        await edge.run(_set_language, edge.line, advocate.id, code)
    return RedirectResponse(HOME, 303)


def _set_language(line: Line, advocate_id: int, code: Any) -> None:
    with line.database.write() as database:
        database.get(Advocate, advocate_id).language = code
