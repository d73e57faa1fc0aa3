"""The sample site and the chat page."""

from pathlib import Path
from typing import Any

from babel import negotiate_locale
from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from connectors.edge import Edge
from connectors.web.chat import leave
from helpline.sentences import direction, languages, native_name, say

TEMPLATES = Path(__file__).parent.parent / "templates"
LARGEST_TOKEN = 200  # bytes of the body that quick exit sends

templates = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape(), trim_blocks=True)


def page(name: str, language: str, **values: Any) -> HTMLResponse:
    """A template in a language: `t(key)`, `language`, `direction` and `languages` are there."""

    def t(key: str, **fill: Any) -> str:
        return say(key, language, **fill)

    offered = [(code, native_name(code)) for code in languages()]
    html = templates.get_template(name).render(
        t=t, language=language, direction=direction(language), languages=offered, **values
    )
    return HTMLResponse(html)


def language_of(request: Request, default: str) -> str:
    """The language asked for in the address (`lang`), else the best of those the browser wants."""
    asked = request.query_params.get("lang", "")
    if asked in languages():
        return asked
    wanted = [part.split(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")]
    return negotiate_locale(wanted, languages(), sep="-") or default


def routes(edge: Edge) -> list[Route]:
    """`/`, `/chat`, and what quick exit sends when the connection is already gone."""
    settings = edge.line.settings

    async def home(request: Request) -> Response:
        language = language_of(request, settings.default_language)
        return page("web/home.html", language, exit_url=settings.exit_url, dev=settings.dev)

    async def chat(request: Request) -> Response:
        language = language_of(request, settings.default_language)
        return page("web/chat.html", language, exit_url=settings.exit_url, dev=settings.dev)

    async def exit(request: Request) -> Response:
        body = b""
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST_TOKEN:
                return Response(status_code=413)
        await leave(edge, body.decode("ascii", errors="replace"))
        return Response(status_code=204)

    return [
        Route("/", home),
        Route("/chat", chat),
        Route("/chat/exit", exit, methods=["POST"]),
    ]
