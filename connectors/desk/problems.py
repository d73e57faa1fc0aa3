"""What can go wrong with a desk request, said in one clear line: a page for a browser, JSON for a script."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from connectors.desk import view
from helpline.conversations import NotFound
from helpline.keys import KeyDestroyed

LOGIN, PASSWORD = "/desk/login", "/desk/password"


class Problem(Exception):
    """A request that is not carried out; `reason` names the sentence `desk_error_<reason>`."""

    def __init__(self, status: int, reason: str, unseen: tuple[int, ...] = (), **values: object) -> None:
        super().__init__(reason)
        self.status, self.reason, self.unseen, self.values = status, reason, unseen, values


class SignedOut(Exception):
    """Nobody is signed in, or no longer."""


class PasswordDue(Exception):
    """The one-time password has to be changed first."""


def wants_page(request: Request) -> bool:
    """Whether a browser is loading a page, as against a script asking for a piece of one."""
    return "text/html" in request.headers.get("accept", "") and "hx-request" not in request.headers


def answer(request: Request, problem: Problem) -> Response:
    """The problem in the reader's language."""
    text = view.t(request, f"desk_error_{problem.reason}", **problem.values)
    if wants_page(request):
        return view.render(request, "notice.html", problem.status, text=text)
    content = {"reason": problem.reason, "text": text, "unseen": list(problem.unseen)}
    return JSONResponse(content, problem.status)


def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return answer(request, error)


def _unknown(request: Request, _error: Exception) -> Response:
    return answer(request, Problem(404, "unknown_conversation"))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    reason = {404: "not_found", 405: "method"}.get(error.status_code, "bad_request")
    return answer(request, Problem(error.status_code, reason))


def _send_to(path: str, reason: str, status: int) -> "view.Handler":
    def handle(request: Request, _error: Exception) -> Response:
        if wants_page(request):
            return RedirectResponse(path, 303)
        response = answer(request, Problem(status, reason))
        if "hx-request" in request.headers:
            response.headers["HX-Redirect"] = path
        return response

    return handle


HANDLERS: "dict[type[Exception], view.Handler]" = {
    Problem: _problem,
    NotFound: _unknown,
    KeyDestroyed: _unknown,
    HTTPException: _http,
    SignedOut: _send_to(LOGIN, "signed_out", 401),
    PasswordDue: _send_to(PASSWORD, "password_due", 403),
}
