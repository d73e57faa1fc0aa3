"""Who is signed in: the cookie, and the check before every page."""

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from connectors.desk.problems import PasswordDue, SignedOut
from connectors.desk.protection import is_https
from helpline import advocates
from helpline.line import Line
from helpline.models import Advocate

COOKIE = "havenline_desk"

Endpoint = Callable[[Request], Awaitable[Response]]
SignedIn = Callable[[Request, Advocate], Awaitable[Response]]


def set_cookie(response: Response, line: Line, token: str) -> None:
    """Puts the session's token into a cookie that scripts and other sites cannot use."""
    response.set_cookie(COOKIE, token, httponly=True, samesite="strict", secure=is_https(line))


def drop_cookie(response: Response, line: Line) -> None:
    """Takes the cookie back."""
    response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=is_https(line))


def find(line: Line, token: str) -> Advocate | None:
    """The advocate whose session has that token."""
    with line.database.read() as session:
        return advocates.by_token(session, token) if token else None


def signed_in(endpoint: SignedIn, password_due: bool = False) -> Endpoint:
    """The endpoint, for signed-in advocates alone; with `password_due`, also for a one-time password."""

    @wraps(endpoint)
    async def checked(request: Request) -> Response:
        edge = request.app.state.edge
        advocate = await edge.run(find, edge.line, request.cookies.get(COOKIE, ""))
        if advocate is None:
            raise SignedOut
        request.state.advocate = advocate
        if advocate.one_time and not password_due:
            raise PasswordDue
        return await endpoint(request, advocate)

    return checked
