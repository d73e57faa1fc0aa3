"""The local Twilio API, spoken to by the real twilio client over HTTP."""

import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from connectors.dev.local_server import running
from connectors.dev.text_resource import segments
from connectors.dev.twilio_api import BROKEN_BUT_SENT, TOO_MANY, TwilioApi, late, silent

ACCOUNT, TOKEN = "AC" + "0" * 32, "local-token"
LINE, PERSON = "+12025550100", "+12025550123"


class LocalClient(TwilioHttpClient):
    """Twilio's own HTTP client, sent to another host."""

    def __init__(self, base: str, timeout: float = 5) -> None:
        super().__init__(timeout=timeout)
        self.base = base

    def request(self, method, url, *args, **kwargs):
        return super().request(method, url.replace("https://api.twilio.com", self.base), *args, **kwargs)


def eventually(condition: Callable[[], bool], seconds: float = 3) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


@pytest.fixture
def world() -> Iterator[SimpleNamespace]:
    """A local Twilio, a client of it, and a webhook that notes the (valid) forms it gets."""
    forms: list[dict[str, str]] = []

    async def webhook(request: Request) -> Response:
        form = {key: str(value) for key, value in (await request.form()).items()}
        signature = request.headers["X-Twilio-Signature"]
        if not RequestValidator(TOKEN).validate(str(request.url), form, signature):
            return Response(status_code=403)
        forms.append(form)
        return Response("<Response/>", media_type="text/xml")

    api = TwilioApi(ACCOUNT, TOKEN, pace=0.01)
    hook = Starlette(routes=[Route("/{rest:path}", webhook, methods=["POST"])])
    with running(api.app) as url, running(hook) as hook_url:
        api.webhook_url = f"{hook_url}/sms/twilio"
        client = Client(ACCOUNT, TOKEN, http_client=LocalClient(url))
        callback = f"{hook_url}/status?message=abc"
        yield SimpleNamespace(api=api, url=url, client=client, forms=forms, callback=callback)


def send(world: SimpleNamespace, to: str = PERSON, body: str = "Hello", **more: object):
    return world.client.messages.create(to=to, from_=LINE, body=body, **more)


def test_a_message_is_sent_listed_fetched_and_deleted(world):
    message = send(world, body="One {two}")
    assert message.sid.startswith("SM") and len(message.sid) == 34
    assert (message.status, message.direction, message.num_segments) == ("queued", "outbound-api", "1")
    assert eventually(lambda: message.fetch().status == "delivered")
    assert [m.sid for m in world.client.messages.list(to=PERSON)] == [message.sid]
    assert message.delete()
    with pytest.raises(TwilioRestException) as gone:
        message.fetch()
    assert (gone.value.status, gone.value.code) == (404, 20404)


def test_lists_are_paged(world):
    sids = [send(world, body=str(n)).sid for n in range(5)]
    assert [m.sid for m in world.client.messages.list(page_size=2)] == sids[::-1]


def test_receipts_are_signed_and_in_order(world):
    message = send(world, status_callback=world.callback)
    assert eventually(lambda: len(world.forms) == 2)
    assert [form["MessageStatus"] for form in world.forms] == ["sent", "delivered"]
    assert {form["MessageSid"] for form in world.forms} == {message.sid}


def test_a_text_that_cannot_be_delivered_carries_its_error(world):
    world.api.faults.receipts = ("sent", "undelivered")
    send(world, status_callback=world.callback)
    assert eventually(lambda: len(world.forms) == 2)
    assert world.forms[1]["ErrorCode"] == "30003"


@pytest.mark.parametrize(
    ("to", "from_", "body", "code"),
    [
        ("0123", LINE, "Hello", 21211),
        (PERSON, LINE, "", 21602),
        (PERSON, LINE, "x" * 1601, 21617),
        (f"whatsapp:{PERSON}", LINE, "Hello", 21212),
    ],
)
def test_bad_messages_get_twilios_errors(world, to, from_, body, code):
    with pytest.raises(TwilioRestException) as refused:
        world.client.messages.create(to=to, from_=from_, body=body)
    assert (refused.value.status, refused.value.code) == (400, code)
    assert world.api.sent() == []


def test_credentials_are_checked(world):
    stranger = Client(ACCOUNT, "wrong", http_client=LocalClient(world.url))
    with pytest.raises(TwilioRestException) as refused:
        stranger.messages.create(to=PERSON, from_=LINE, body="Hello")
    assert (refused.value.status, refused.value.code) == (401, 20003)


def test_a_message_on_its_way_cannot_be_deleted(world):
    world.api.faults.receipts = ()
    with pytest.raises(TwilioRestException) as refused:
        send(world).delete()
    assert (refused.value.status, refused.value.code) == (409, 20009)


def test_refusals_take_nothing_and_a_broken_answer_may_have_sent(world):
    world.api.faults.next.extend([TOO_MANY, BROKEN_BUT_SENT])
    for status, taken in ((429, 0), (500, 1)):
        with pytest.raises(TwilioRestException) as refused:
            send(world)
        assert refused.value.status == status
        assert len(world.api.sent()) == taken
    assert send(world).status == "queued"


@pytest.mark.parametrize(("fault", "taken"), [(late(2), 1), (silent(2), 0)])
def test_an_answer_that_does_not_come_in_time(world, fault, taken):
    world.api.faults.next.append(fault)
    hasty = Client(ACCOUNT, TOKEN, http_client=LocalClient(world.url, timeout=0.3))
    with pytest.raises(Exception, match="timed out"):
        hasty.messages.create(to=PERSON, from_=LINE, body="Hello", status_callback=world.callback)
    assert eventually(lambda: len(world.forms) == 2 * taken)
    assert len(world.api.sent()) == taken


@pytest.mark.asyncio
async def test_a_persons_text_reaches_the_webhook_signed(world):
    answer = await world.api.text(PERSON, LINE, "Ich bin in München", media=1)
    assert answer.status_code == 200
    form = world.forms[0]
    assert (form["From"], form["To"], form["Body"]) == (PERSON, LINE, "Ich bin in München")
    assert (form["NumMedia"], form["FromCountry"], form["MessageSid"][:2]) == ("1", "US", "MM")
    assert form["MediaUrl0"].startswith("https://api.twilio.com/")
    assert world.client.messages(form["MessageSid"]).fetch().direction == "inbound"


@pytest.mark.asyncio
async def test_a_redelivery_has_the_same_sid(world):
    for _ in range(2):
        await world.api.text(PERSON, LINE, "Hello", sid="SM" + "a" * 32)
    assert world.forms[0] == world.forms[1]
    assert len(world.api.texts) == 1


@pytest.mark.asyncio
async def test_whatsapp_has_a_profile_and_no_places(world):
    await world.api.text(f"whatsapp:{PERSON}", f"whatsapp:{LINE}", "Hello")
    assert world.forms[0]["WaId"] == PERSON[1:]
    assert "FromCountry" not in world.forms[0]


@pytest.mark.asyncio
async def test_stop_blocks_until_start_and_is_forwarded(world):
    await world.api.text(PERSON, LINE, "Stop")
    with pytest.raises(TwilioRestException) as refused:
        send(world)
    assert refused.value.code == 21610
    await world.api.text(PERSON, LINE, "YES")
    assert send(world).status == "queued"
    assert [form["Body"] for form in world.forms] == ["Stop", "YES"]
    assert "unsubscribed" in next(t.body for t in world.api.texts.values() if t.direction == "outbound-reply")


@pytest.mark.asyncio
async def test_an_unreachable_webhook_is_an_error(world):
    world.api.webhook_url = "http://127.0.0.1:9/sms/twilio"
    with pytest.raises(httpx.ConnectError):
        await world.api.text(PERSON, LINE, "Hello")


@pytest.mark.parametrize(
    ("body", "count"),
    [("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("ع" * 70, 1), ("ع" * 134, 2), ("ع" * 135, 3)],
)
def test_segments(body, count):
    assert segments(body) == count
