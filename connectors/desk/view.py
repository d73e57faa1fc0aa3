"""Rendering the desk's pages in the reader's language."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from babel.core import negotiate_locale
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from connectors.desk import wording
from helpline.models import Advocate
from helpline.sentences import direction, languages, native_name, say, served

Handler = Callable[[Request, Exception], Response]

_pages = Environment(
    loader=FileSystemLoader(Path(__file__).parent.parent / "templates" / "desk"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_pages.filters["distinct"] = wording.distinct


def language(request: Request) -> str:
    """The language of the signed-in advocate, else the first one served that the browser asks for."""
    advocate: Advocate | None = getattr(request.state, "advocate", None)
    if advocate:
        return served(advocate.language)
    asked = [part.split(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")]
    return served(negotiate_locale(asked, languages(), sep="-"))


def t(request: Request, key: str, **values: object) -> str:
    """A sentence in the reader's language."""
    return say(key, language(request), False, **values)


def render(request: Request, template: str, status: int = 200, **context: object) -> Response:
    """A page, or a piece of one."""
    own = language(request)
    page = _pages.get_template(template).render(
        t=partial(say, language=own),
        term=partial(wording.term, own),
        words=wording.Words(own),
        language=own,
        direction=direction(own),
        languages=[(code, native_name(code)) for code in languages()],
        advocate=getattr(request.state, "advocate", None),
        csrf_token=request.scope["csrftoken"],
        **context,
    )
    return HTMLResponse(page, status)
