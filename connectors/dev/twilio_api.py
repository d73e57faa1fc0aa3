"""A local server that speaks Twilio's Messages API to real clients over HTTP; everything in memory.

Stand-alone in tests and benchmarks (`running(api.app)` of connectors.dev.local_server), mounted at
`/dev/twilio` in development. It also plays the phones: `text` posts a person's message to the webhook.
"""

import asyncio
import base64
import re
import secrets
import ssl
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from functools import lru_cache
from weakref import WeakKeyDictionary

import httpx
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connectors.dev import webhook_forms
from connectors.dev.text_resource import API_VERSION, UNFINISHED, Text, new_sid
from helpline.consent import carrier_word

LONGEST_BODY = 1600  # characters, https://www.twilio.com/docs/api/errors/21617
WEBHOOK_TIMEOUT = 15  # seconds, https://www.twilio.com/docs/messaging/guides/webhook-request
ADDRESS = re.compile(r"(whatsapp:)?\+[1-9]\d{6,14}")

# https://www.twilio.com/docs/api/errors: code → HTTP status, message
ERRORS = {
    20003: (401, "Authenticate"),
    20009: (409, "Cannot delete this resource before it is complete"),
    20404: (404, "The requested resource {} was not found"),
    20429: (429, "Too Many Requests"),
    20500: (500, "Internal Server Error"),
    21211: (400, "The 'To' number {} is not a valid phone number."),
    21212: (400, "The 'From' number {} is not a valid phone number, shortcode, or alphanumeric sender ID."),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21617: (400, "The concatenated message body exceeds the 1600 character limit."),
}
UNREACHABLE = 30003  # the error code of a text that came back undelivered
# What Twilio itself answers, https://help.twilio.com/articles/223134027
CARRIER_REPLIES = {
    "stop": "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe.",
    "start": "You have successfully been re-subscribed to messages from this number. "
    "Reply HELP for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    "help": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}

log = structlog.get_logger()


class ApiError(Exception):
    """A request that Twilio refuses, with Twilio's error code."""

    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(code)
        self.code, self.detail = code, detail


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request to send: whether the message is taken all the same, seconds
    until the answer, and the error code it carries (None: the ordinary answer)."""

    taken: bool
    code: int | None = None
    delay: float = 0


TOO_MANY = Fault(taken=False, code=20429)
BROKEN = Fault(taken=False, code=20500)
BROKEN_BUT_SENT = Fault(taken=True, code=20500)


def late(seconds: float) -> Fault:
    """The message is taken at once and answered late; longer than the client waits, a lost answer."""
    return Fault(taken=True, delay=seconds)


def silent(seconds: float) -> Fault:
    """Nothing is taken and nothing said for so long."""
    return Fault(taken=False, code=20500, delay=seconds)


@dataclass
class Faults:
    """What goes wrong: `next` holds a fault for each of the following requests to send; `receipts` are
    the status callbacks of every message: empty for none, repeated or reordered, or ending in `undelivered`."""

    next: deque[Fault] = field(default_factory=deque)
    receipts: tuple[str, ...] = ("sent", "delivered")


class TwilioApi:
    """One Twilio account: its messages by sid in order, who opted out as (person, our number), its faults."""

    def __init__(self, account_sid: str, auth_token: str, webhook_url: str = "", pace: float = 0.05) -> None:
        """`webhook_url` gets inbound messages; `pace` is the time in seconds between two receipts."""
        self.account_sid, self.auth_token, self.webhook_url, self.pace = account_sid, auth_token, webhook_url, pace
        self.texts: dict[str, Text] = {}
        self.opted_out: set[tuple[str, str]] = set()
        self.faults = Faults()
        self._tasks: set[asyncio.Task[None]] = set()
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx.AsyncClient] = WeakKeyDictionary()
        account = f"/{API_VERSION}/Accounts/{{account}}"
        self.app = Starlette(
            routes=[
                Route(f"{account}/Messages.json", self._checked(self._create), methods=["POST"]),
                Route(f"{account}/Messages.json", self._checked(self._list), methods=["GET"]),
                Route(f"{account}/Messages/{{sid}}.json", self._checked(self._fetch), methods=["GET"]),
                Route(f"{account}/Messages/{{sid}}.json", self._checked(self._delete), methods=["DELETE"]),
            ],
            exception_handlers={ApiError: _error_answer},
        )

    def sent(self, to: str | None = None) -> list[Text]:
        """What a client sent through the API, oldest first, to one person or to all."""
        return [t for t in list(self.texts.values()) if t.direction == "outbound-api" and to in (None, t.to)]

    async def text(self, from_: str, to: str, body: str, media: int = 0, sid: str | None = None) -> httpx.Response:
        """Delivers a person's message to the webhook and returns its answer; a `sid` given again is a redelivery.

        Raises httpx.HTTPError when the webhook cannot be reached within Twilio's 15 seconds.
        """
        sid = sid or new_sid("MM" if media else "SM")
        if sid not in self.texts:
            self.texts[sid] = Text(sid, self.account_sid, from_, to, body, "inbound", "received", media)
            self._carrier(self.texts[sid])
        return await self._post(self.webhook_url, webhook_forms.inbound(self.texts[sid]))

    def _carrier(self, text: Text) -> None:
        """Twilio's own handling of STOP, START and HELP on SMS; the webhook is called all the same."""
        pair = (text.from_, text.to)
        word = None if text.is_whatsapp else carrier_word(text.body, stopped=pair in self.opted_out)
        if word is None or (word == "stop" and pair in self.opted_out):
            return
        if word == "stop":
            self.opted_out.add(pair)
        elif word == "start":
            self.opted_out.discard(pair)
        sid = new_sid()
        reply = CARRIER_REPLIES[word]
        self.texts[sid] = Text(sid, self.account_sid, text.to, text.from_, reply, "outbound-reply", "delivered")

    def _checked(self, handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        """The handler, behind HTTP basic authentication with account sid and auth token."""
        credentials = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()

        async def checked(request: Request) -> Response:
            given = request.headers.get("authorization", "")
            known = secrets.compare_digest(given.encode(), f"Basic {credentials}".encode())
            if not known or request.path_params["account"] != self.account_sid:
                raise ApiError(20003)
            return await handler(request)

        return checked

    async def _create(self, request: Request) -> Response:
        form = {key: str(value) for key, value in (await request.form()).multi_items()}
        self._validate(form)
        fault = self.faults.next.popleft() if self.faults.next else Fault(taken=True)
        text = self._new(form, media=len((await request.form()).getlist("MediaUrl")))
        answer = JSONResponse(text.as_json(), 201)
        if fault.taken:
            self.texts[text.sid] = text
            self._in_background(self._deliver(text))
        await asyncio.sleep(fault.delay)
        if fault.code:
            raise ApiError(fault.code)
        return answer

    def _validate(self, form: dict[str, str]) -> None:
        to, from_, body = form.get("To", ""), form.get("From", ""), form.get("Body", "")
        problems = (
            (not to, 21604, ""),
            (not from_, 21603, ""),
            (not body and "MediaUrl" not in form, 21602, ""),
            (not ADDRESS.fullmatch(to), 21211, to),
            (to.startswith("whatsapp:") != from_.startswith("whatsapp:"), 21212, from_),
            (len(body) > LONGEST_BODY, 21617, ""),
            ((to, from_) in self.opted_out, 21610, ""),
        )
        for wrong, code, detail in problems:
            if wrong:
                raise ApiError(code, detail)

    def _new(self, form: dict[str, str], media: int) -> Text:
        return Text(
            sid=new_sid("MM" if media else "SM"),
            account_sid=self.account_sid,
            from_=form["From"],
            to=form["To"],
            body=form.get("Body", ""),
            direction="outbound-api",
            status="queued",
            media=media,
            status_callback=form.get("StatusCallback", ""),
        )

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, text: Text) -> None:
        """Moves a message along and posts a receipt for each step."""
        for status in self.faults.receipts:
            await asyncio.sleep(self.pace)
            text.move(status, UNREACHABLE if status in ("undelivered", "failed") else None)
            if text.status_callback:
                await self._report(text)

    async def _report(self, text: Text) -> None:
        try:
            await self._post(text.status_callback, webhook_forms.receipt(text))
        except httpx.HTTPError as error:
            log.warning("receipt_not_delivered", error=type(error).__name__)

    async def _post(self, url: str, form: dict[str, str]) -> httpx.Response:
        return await self._client().post(url, data=form, headers=webhook_forms.signed(self.auth_token, url, form))

    def _client(self) -> httpx.AsyncClient:
        """One client for each event loop: connections are kept, as Twilio keeps them."""
        loop = asyncio.get_running_loop()
        if self._clients.get(loop) is None:
            self._clients[loop] = httpx.AsyncClient(verify=_tls(), timeout=WEBHOOK_TIMEOUT)
        return self._clients[loop]

    async def _list(self, request: Request) -> Response:
        query = request.query_params
        size, page = int(query.get("PageSize", 50)), int(query.get("Page", 0))
        found = [
            text.as_json()
            for text in reversed(self.texts.values())
            if query.get("To") in (None, text.to) and query.get("From") in (None, text.from_)
        ]
        uri = f"/{API_VERSION}/Accounts/{self.account_sid}/Messages.json"
        following = httpx.QueryParams(dict(query)).merge({"Page": page + 1, "PageSize": size})
        return JSONResponse(
            {
                "messages": found[page * size : (page + 1) * size],
                "page": page,
                "page_size": size,
                "start": page * size,
                "end": max(page * size, min(len(found), (page + 1) * size) - 1),
                "uri": f"{uri}?{query}",
                "next_page_uri": f"{uri}?{following}" if len(found) > (page + 1) * size else None,
                "previous_page_uri": None,
            }
        )

    def _find(self, request: Request) -> Text:
        text = self.texts.get(request.path_params["sid"])
        if text is None:
            raise ApiError(20404, request.url.path)
        return text

    async def _fetch(self, request: Request) -> Response:
        return JSONResponse(self._find(request).as_json())

    async def _delete(self, request: Request) -> Response:
        text = self._find(request)
        if text.status in UNFINISHED:
            raise ApiError(20009)
        del self.texts[text.sid]
        return Response(status_code=204)


@lru_cache
def _tls() -> ssl.SSLContext:
    """One TLS context for every request; making it takes longer than the request."""
    return ssl.create_default_context()


async def _error_answer(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    status, message = ERRORS[error.code]
    more_info = f"https://www.twilio.com/docs/errors/{error.code}"
    body = {"code": error.code, "message": message.format(error.detail), "more_info": more_info, "status": status}
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if status == 401 else {}
    return JSONResponse(body, status, headers)
