"""What stands before every desk request: a limit on its size, protection from cross-site requests, no caching."""

from http.cookies import CookieError
from typing import Any

from asgi_csrf import asgi_csrf
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connectors.desk import view
from helpline.line import Line

COOKIE = "havenline_desk_csrf"
LARGEST_BODY = 64_000  # bytes; the longest message, form-encoded in a script of three-byte letters, fits


def protect(app: ASGIApp, line: Line) -> ASGIApp:
    """The app, answering 403 to a changing request without the page's token; what cannot be read is a 400."""
    checked = asgi_csrf(
        app,
        cookie_name=COOKIE,
        cookie_path="/desk",
        cookie_samesite="Strict",
        cookie_secure=is_https(line),
        signing_secret=line.keys.signing_secret,
        always_protect={"/desk/login"},
        send_csrf_failed=_refuse,
    )
    return _no_store(_readable(checked))


def is_https(line: Line) -> bool:
    """Whether the public reaches the line over https, so that cookies must not travel otherwise."""
    return line.settings.public.startswith("https://")


async def _refuse(scope: Scope, send: Send, _error: object) -> None:
    text = view.t(Request(scope), "desk_error_csrf")
    await PlainTextResponse(text, 403)(scope, _nothing, send)


async def _nothing() -> Message:
    return {"type": "http.disconnect"}


def _readable(checked: ASGIApp) -> ASGIApp:
    """Refuses a body without or over a length, and headers or forms that the token check cannot decode."""

    async def read(scope: Scope, receive: Receive, send: Send) -> None:
        refusal = _size_refusal(scope)
        if refusal:
            await refusal(scope, receive, send)
            return
        sent = False

        async def noting(message: Message) -> None:
            nonlocal sent
            sent = True
            await send(message)

        try:
            await checked(scope, receive, noting)
        except (UnicodeError, CookieError, TypeError, IndexError):
            if sent:
                raise
            await PlainTextResponse("This request could not be read.", 400)(scope, receive, send)

    return read


def _size_refusal(scope: Scope) -> PlainTextResponse | None:
    if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS"):
        return None
    length = Headers(scope=scope).get("content-length", "")
    if not length.isdecimal():
        return PlainTextResponse("This request must say how long it is.", 411)
    return PlainTextResponse("This request is too large.", 413) if int(length) > LARGEST_BODY else None


def _no_store(app: ASGIApp) -> ASGIApp:
    async def uncached(scope: Scope, receive: Receive, send: Send) -> None:
        async def without_cache(message: Any) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Cache-Control"] = "no-store"
            await send(message)

        await app(scope, receive, without_cache)

    return uncached
