"""Twilio's webhooks: a message comes in, a delivery receipt comes in. Both are signed."""

from typing import Any

import phonenumbers
import structlog
from phonenumbers import NumberParseException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse

from connectors.edge import Edge
from connectors.metrics import MESSAGES, REFUSED
from helpline import inbox, outbox
from helpline.conversations import Address
from helpline.inbox import Incoming

log = structlog.get_logger()

LARGEST_FORM = 40_000  # bytes; Twilio's own form around a 1,600 character text is well below
WHATSAPP = "whatsapp:"
UNKNOWN_REGION = "ZZ"  # as phonenumbers says it


class Refusal(Exception):
    """A request that is not taken: the HTTP status and one line that says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


def routes(edge: Edge) -> list[Route]:
    """The two webhooks, to be mounted at `/sms`."""

    async def incoming(request: Request) -> Response:
        return await _answer(edge, request, _incoming)

    async def status(request: Request) -> Response:
        return await _answer(edge, request, _status)

    return [
        Route("/twilio", incoming, methods=["POST"]),
        Route("/twilio/status", status, methods=["POST"]),
    ]


async def _answer(edge: Edge, request: Request, handler: Any) -> Response:
    try:
        form = await _signed_form(edge, request)
        response: Response = await handler(edge, request, form)
        return response
    except Refusal as refusal:
        REFUSED.labels(refusal.reason.replace(" ", "_")).inc()
        log.warning("webhook refused", path=request.url.path, reason=refusal.reason)
        return PlainTextResponse(refusal.reason, refusal.status)


async def _signed_form(edge: Edge, request: Request) -> dict[str, str]:
    """The form that Twilio signed. Raises Refusal."""
    await _bounded_body(request)
    form = await _form(request)
    token = edge.line.settings.twilio_auth_token
    url = edge.line.settings.public + request.url.path + (f"?{request.url.query}" if request.url.query else "")
    signature = request.headers.get("X-Twilio-Signature", "")
    if not token or not signature or not RequestValidator(token).validate(url, form, signature):
        raise Refusal(403, "signature missing or wrong")
    return form


async def _bounded_body(request: Request) -> None:
    declared = request.headers.get("content-length", "0")
    if declared.isdigit() and int(declared) > LARGEST_FORM:
        raise Refusal(413, "too large")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise Refusal(413, "too large")
    request._body = bytes(body)


async def _form(request: Request) -> dict[str, str]:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise Refusal(415, "not a form")
    try:
        fields = await request.form(max_fields=200)
        request._body.decode("ascii")
        return {name: str(value).encode().decode() for name, value in fields.items()}
    except Exception as error:
        raise Refusal(400, "not a readable form") from error


async def _incoming(edge: Edge, request: Request, form: dict[str, str]) -> Response:
    incoming = _read(edge, form)
    accepted = await edge.commit(inbox.accept, edge.line, incoming)
    MESSAGES.labels(incoming.address.channel, str(accepted.duplicate).lower()).inc()
    edge.spawn(edge.accepted(accepted, incoming.text))
    return Response(str(MessagingResponse()), media_type="application/xml")


def _read(edge: Edge, form: dict[str, str]) -> Incoming:
    for name in ("MessageSid", "From", "To"):
        if not form.get(name):
            raise Refusal(400, f"{name} missing")
    text = form.get("Body", "")
    if len(text.encode()) > edge.line.settings.max_message_bytes:
        raise Refusal(413, "too large")
    sender = form["From"]
    address = Address(
        channel="whatsapp" if sender.startswith(WHATSAPP) else "sms",
        value=sender,
        our_address=form["To"][:64],
        country=country_of(sender),
    )
    media = form.get("NumMedia", "0")
    external_id = f"twilio:{form['MessageSid'][:64]}"
    return Incoming(address, external_id, text, media=int(media) if media.isdecimal() else 0)


def country_of(sender: str) -> str | None:
    """The country of a phone number, as ISO 3166-1; None when it cannot be told."""
    try:
        number = phonenumbers.parse(sender.removeprefix(WHATSAPP))
    except NumberParseException:
        return None
    calling_code = number.country_code or 0
    code = phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(calling_code)
    return code if code.isalpha() and code != UNKNOWN_REGION else None


async def _status(edge: Edge, request: Request, form: dict[str, str]) -> Response:
    args = (request.query_params.get("o", ""), form.get("MessageSid", ""), form.get("MessageStatus", ""))
    conversation_id = await edge.commit(outbox.receipt, edge.line, *args, form.get("ErrorCode"))
    if conversation_id is not None:
        edge.spawn(edge.nudge_desks(conversation_id))
    return Response(status_code=204)
