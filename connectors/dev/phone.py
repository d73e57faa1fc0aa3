"""The phone simulator: texts the line as a person's phone would, and shows what comes back."""

from pathlib import Path
from typing import Any

import httpx
import yaml
from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from connectors.dev.text_resource import Text
from connectors.dev.twilio_api import ADDRESS, TwilioApi

PHONES = Path(__file__).parent / "phones.yml"
TEMPLATES = Path(__file__).parent.parent / "templates" / "dev"


def routes(api: TwilioApi, our_number: str) -> list[Route]:
    """`/phone`, what it polls and what it posts to; the line's own number may be empty."""
    phones = yaml.safe_load(PHONES.read_text())
    line = our_number or phones["line"]
    template = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=select_autoescape()).get_template(
        "phone.html"
    )

    async def page(_request: Request) -> Response:
        return HTMLResponse(template.render(people=phones["people"], line=line))

    async def texts(_request: Request) -> Response:
        return JSONResponse([_shown(text) for text in list(api.texts.values())])

    async def send(request: Request) -> Response:
        written = await request.json()
        prefix = "whatsapp:" if written["whatsapp"] else ""
        person = prefix + written["from"].replace(" ", "")
        if not ADDRESS.fullmatch(person):
            return _problem("Write the number with its country code, such as +1 202 555 0123.")
        return await _send(api, person, prefix + line, written["body"], media=int(written["media"]))

    return [
        Route("/phone", page),
        Route("/phone/texts", texts),
        Route("/phone/texts", send, methods=["POST"]),
    ]


def _shown(text: Text) -> dict[str, Any]:
    inbound = text.direction == "inbound"
    return {
        "sid": text.sid,
        "person": text.from_ if inbound else text.to,
        "inbound": inbound,
        "carrier": text.direction == "outbound-reply",
        "body": text.body,
        "media": text.media,
        "status": text.status,
        "at": text.created_at.isoformat(),
    }


async def _send(api: TwilioApi, person: str, line: str, body: str, media: int) -> Response:
    try:
        answer = await api.text(person, line, body, media)
    except httpx.HTTPError as error:
        return _problem(f"The line did not answer ({type(error).__name__}).")
    if answer.is_error:
        return _problem(f"The line refused the text: {answer.status_code} {answer.text}")
    return JSONResponse({})


def _problem(text: str) -> Response:
    return JSONResponse({"problem": text}, 400)
